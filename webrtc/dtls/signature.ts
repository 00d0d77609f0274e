import { constants, type KeyObject, sign, verify } from 'node:crypto'

/** What a scheme asks of the key and of node:crypto. */
interface Scheme {
  readonly keyType: 'ec' | 'rsa'
  readonly hash: 'sha256' | 'sha384'
  readonly pss?: true
}

/**
 * Signature schemes by number, best first: ECDSA with SHA-256 and SHA-384, RSASSA-PSS and
 * PKCS#1 with SHA-256 (RFC 8446 §4.2.3). In TLS 1.2 ECDSA ones do not name the curve.
 */
const schemes: ReadonlyMap<number, Scheme> = new Map([
  [0x0403, { keyType: 'ec', hash: 'sha256' }],
  [0x0503, { keyType: 'ec', hash: 'sha384' }],
  [0x0804, { keyType: 'rsa', hash: 'sha256', pss: true }],
  [0x0401, { keyType: 'rsa', hash: 'sha256' }],
])

/** What we verify, for `signature_algorithms` and CertificateRequest. */
export const supportedSchemes: readonly number[] = [...schemes.keys()]

/** What our own certificate signs with. */
export const ownScheme = 0x0403

export interface Signature {
  readonly scheme: number
  readonly value: Buffer
}

export function signOwn(data: Buffer, privateKey: KeyObject): Signature {
  return { scheme: ownScheme, value: sign('sha256', data, privateKey) }
}

/** Whether the signature is good, by a scheme that we offered and that fits the key. */
export function verifySignature(data: Buffer, key: KeyObject, signature: Signature): boolean {
  const scheme = schemes.get(signature.scheme)
  if (scheme === undefined || key.asymmetricKeyType !== scheme.keyType) return false
  const padding = scheme.pss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  try {
    return verify(scheme.hash, data, { key, ...padding }, signature.value)
  } catch {
    return false
  }
}
