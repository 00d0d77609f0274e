import { type KeyObject, X509Certificate } from 'node:crypto'
import type { DtlsFailure } from './failure.ts'
import { type Fingerprint, matchesFingerprint } from './fingerprint.ts'

const supportedKeyCurves = ['prime256v1', 'secp384r1']
/** Bits. Below, factoring is a matter of budget; above, verifying is ours. */
const rsaModulus = { min: 2048, max: 8192 }

/**
 * The key of a peer's certificate, or why it is refused. The fingerprint vouches for it and
 * nothing else does: it is self-signed, and its names and dates say nothing (RFC 8122 §5,
 * SRTP-11). It is compared first, so OpenSSL parses no certificate that was not announced.
 */
export function peerKey(der: Buffer, announced: readonly Fingerprint[]): KeyObject | DtlsFailure {
  if (der.length === 0) return 'no-certificate'
  if (!matchesFingerprint(der, announced)) return 'fingerprint-mismatch'
  const key = publicKeyOf(der)
  return key !== undefined && isSupported(key) ? key : 'unsupported-certificate'
}

function publicKeyOf(der: Buffer): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
}

function isSupported({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { namedCurve = '', modulusLength = 0 } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType === 'ec') return supportedKeyCurves.includes(namedCurve)
  if (asymmetricKeyType !== 'rsa') return false
  return modulusLength >= rsaModulus.min && modulusLength <= rsaModulus.max
}
