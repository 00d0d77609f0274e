import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { type Claims, readClaims } from './claims.ts'
import type { KeyRing } from './key-ring.ts'

export interface VerifierOptions {
  readonly keys: KeyRing
  readonly clock: Clock
  /** `iss` must be this; absent: any, none too. */
  readonly issuer?: string
  /** `aud` must name this; absent: any, none too. */
  readonly audience?: string
  /** Seconds by which issuer's and our clock may differ (SEC-3). */
  readonly leeway?: number
}

/** A token whose signature and times hold. */
export interface VerifiedToken {
  readonly claims: Claims
  /** Of the key it is signed with, where that has one. */
  readonly kid: string | undefined
}

/** SEC-3 allows no more. */
const defaultLeeway = 60

// The media types of RFC 7519 §5.1 and RFC 9068 §2.1: a token made for something else has another.
const types = /^(?:application\/)?(?:at\+)?jwt$/i

/** Three parts of base64url, unpadded (RFC 7515 §7.1, SEC-12). */
export function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)
}

/** Tells true tokens from others (RFC 7519 §7.2, RFC 8725 §3). */
export class TokenVerifier {
  readonly #options: VerifierOptions

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** @returns rejects with ServiceError `token-invalid` or `keys-unavailable` */
  async verify(token: string): Promise<VerifiedToken> {
    const { algorithm, kid } = headerOf(token)
    // Only our own keys count: `jku`, `jwk` and `x5u` are somebody's word (SEC-1).
    const keys = await this.#options.keys.candidates({ algorithm, kid })
    let refusal = invalid('no key of this server has signed it')
    for (const { key, algorithms } of keys) {
      try {
        const { payload } = await jwtVerify(token, key, this.#rules(algorithms))
        return { claims: this.#claimsOf(payload), kid }
      } catch (error) {
        refusal = refusalOf(error)
      }
    }
    throw refusal
  }

  #rules(algorithms: readonly string[]) {
    const { issuer, audience, clock, leeway = defaultLeeway } = this.#options
    return {
      algorithms: [...algorithms],
      currentDate: new Date(clock.wall()),
      clockTolerance: leeway,
      requiredClaims: ['exp'],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    }
  }

  #claimsOf(payload: unknown): Claims {
    const claims = readClaims(payload)
    if (!claims) throw invalid('one of its claims is of the wrong form')
    // Its text is no name: the same signature can be written in several ways.
    if (claims.once && claims.jti === undefined) throw invalid('good once, it needs a "jti"')
    const { clock, leeway = defaultLeeway } = this.#options
    if ((claims.iat ?? 0) > clock.wall() / 1000 + leeway) throw invalid('it is of the future')
    return claims
  }
}

function headerOf(token: string): { algorithm: string; kid: string | undefined } {
  let header: { alg?: unknown; kid?: unknown; typ?: unknown }
  try {
    header = decodeProtectedHeader(token)
  } catch (cause) {
    throw invalid('it cannot be read', { cause })
  }
  const { alg, kid, typ } = header
  if (typeof typ !== 'string' || !types.test(typ)) throw invalid('its typ is not at+jwt or JWT')
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) {
    throw invalid('its header is of the wrong form')
  }
  return { algorithm: alg, kid }
}

// Says only what the signature has proved to come from the issuer.
function refusalOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  if (error instanceof errors.JWTExpired) return invalid('it has expired', { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(`its "${error.claim}" is not right here`, { cause: error })
  }
  return invalid('no key of this server has signed it', { cause: error })
}

function invalid(why: string, options: ErrorOptions = {}): ServiceError {
  return new ServiceError('token-invalid', `the token does not count: ${why}`, options)
}
