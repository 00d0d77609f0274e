import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'

/** Seconds since the Unix epoch at which the specs of tokens stand. */
export const now = 1_800_000_000

/** Claims that nothing is wrong with; spread them and change what the case is about. */
export const goodClaims = {
  iss: 'issuer',
  aud: 'tailrace',
  sub: 'anna',
  jti: 't-1',
  iat: now - 10,
  exp: now + 600,
  tenant: 'acme',
  stream: 'cam*',
  actions: ['publish'],
} satisfies JWTPayload

export interface Signing {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string | undefined
}

/** One pair of keys, as an issuer has it. */
export class IssuerKey {
  readonly alg: string
  readonly kid: string
  readonly #pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

  constructor(kid: string, alg: 'EdDSA' | 'RS256' | 'ES256', modulusLength = 2048) {
    this.kid = kid
    this.alg = alg
    if (alg === 'EdDSA') this.#pair = generateKeyPairSync('ed25519')
    else if (alg === 'RS256') this.#pair = generateKeyPairSync('rsa', { modulusLength })
    else this.#pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  }

  /** As it stands in a JWK Set (RFC 7517 §4). */
  get jwk(): Record<string, unknown> {
    const { kid, alg } = this
    return { ...this.#pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  }

  get privateJwk(): Record<string, unknown> {
    return { ...this.#pair.privateKey.export({ format: 'jwk' }), kid: this.kid }
  }

  get publicPem(): string {
    return this.#pair.publicKey.export({ format: 'pem', type: 'spki' }).toString()
  }

  sign(claims: JWTPayload = goodClaims, header: Partial<Signing> = {}): Promise<string> {
    const { kid, alg } = this
    return sign(claims, this.#pair.privateKey, { alg, kid, ...header })
  }
}

/** A token with these very claims, `at+jwt` unless told otherwise. */
export function sign(
  claims: JWTPayload,
  key: KeyObject | Uint8Array,
  { alg, kid, typ = 'at+jwt' }: Signing,
): Promise<string> {
  const header = { alg, typ, ...(kid !== undefined && { kid }) }
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}
