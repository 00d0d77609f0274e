import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { messageOf } from '#core/errors.ts'

/** One key that tokens may be signed with, and the only algorithms that it is used with (SEC-2). */
export interface VerificationKey {
  readonly kid?: string
  readonly algorithms: readonly string[]
  readonly key: KeyObject
}

/** A key that cannot be used, and why. */
interface BadKey {
  readonly fault: string
}

/** Fewer than the hash has are guessed before the hash is (RFC 7518 §3.2, SEC-10). */
const shortestSecret = 32
/** RFC 7518 §3.3. */
const shortestModulus = 2048
/** Two are active while keys change; an issuer of many applications may have some more. */
const mostKeys = 32

const Jwk = Type.Object({
  kty: Type.String(),
  kid: Type.Optional(Type.String({ maxLength: 256 })),
  alg: Type.Optional(Type.String()),
  use: Type.Optional(Type.String()),
})
const Jwks = Type.Object({ keys: Type.Array(Type.Unknown(), { maxItems: mostKeys }) })

/** @param written `secret` or `kid:secret`, of at least 32 bytes */
export function keyOfSecret(written: string): VerificationKey | BadKey {
  const colon = written.indexOf(':')
  const secret = Buffer.from(written.slice(colon + 1))
  if (secret.length < shortestSecret) return { fault: `has fewer than ${shortestSecret} bytes` }
  return {
    key: createSecretKey(secret),
    algorithms: ['HS256'],
    ...(colon > 0 && { kid: written.slice(0, colon) }),
  }
}

/**
 * The keys of a JWK Set (RFC 7517 §5).
 *
 * @returns each key or what is wrong with it; `undefined` if this is no JWK Set
 */
export function keysOfJwks(document: unknown): (VerificationKey | BadKey)[] | undefined {
  return Value.Check(Jwks, document) ? document.keys.map(keyOfJwk) : undefined
}

export function isUsable(key: VerificationKey | BadKey): key is VerificationKey {
  return 'key' in key
}

function keyOfJwk(jwk: unknown): VerificationKey | BadKey {
  if (!Value.Check(Jwk, jwk)) return { fault: 'is no JWK' }
  // A secret in a JWK Set is a secret that was handed about (SEC-2).
  if (jwk.kty === 'oct' || 'd' in jwk) return { fault: 'is not public' }
  if (jwk.use !== undefined && jwk.use !== 'sig') return { fault: 'is not for signatures' }
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const algorithms = algorithmsOf(key)
    if (!algorithms) return { fault: 'is none for EdDSA, ES256 or RS256 of 2048 bits' }
    if (jwk.alg !== undefined && !algorithms.includes(jwk.alg)) {
      return { fault: `is for "${jwk.alg}", not ${algorithms[0]}` }
    }
    return { key, algorithms, ...withKid(jwk) }
  } catch (error) {
    return { fault: messageOf(error) }
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {}
  // Both names of the same signature (RFC 8037 §3.1, RFC 9864 §2.2).
  if (asymmetricKeyType === 'ed25519') return ['EdDSA', 'Ed25519']
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return ['ES256']
  if (asymmetricKeyType === 'rsa' && modulusLength >= shortestModulus) return ['RS256']
  return undefined
}

function withKid({ kid }: Static<typeof Jwk>): { kid?: string } {
  return kid === undefined ? {} : { kid }
}
