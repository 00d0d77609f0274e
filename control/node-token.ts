import { createSecretKey, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '#core/clock.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { randomId } from '#core/ids.ts'
import { NodeId } from './messages/fields.ts'
import { SpentTokens } from './tokens/spent-tokens.ts'

/** Fewer bytes than the hash has are guessed before the hash is (RFC 7518 §3.2). */
const shortestClusterSecret = 32
/** The one that signs, and one that still counts, or counts already, while it is changed. */
const mostClusterSecrets = 2

/** A token is made for one request, so it only has to outlast that one, in seconds. */
const lifetime = 60
/** By how much the clocks of two nodes may differ, in seconds. */
const skew = 30
/** A node token is no client's token, even where both are signed with one secret (RFC 8725 §3.11). */
const type = 'tailrace-node+jwt'
const algorithm = 'HS256'

const seconds = Type.Number({ minimum: 0, maximum: 1e11 })
const tokenId = Type.String({ minLength: 1, maxLength: 64 })

const NodeClaims = Type.Object({
  /** The node that made it. */
  sub: NodeId,
  aud: Type.String({ minLength: 1, maxLength: 256 }),
  iat: seconds,
  exp: seconds,
  jti: tokenId,
  /** The `jti` that this one is the answer to. */
  answers: Type.Optional(tokenId),
})
type NodeClaims = Static<typeof NodeClaims>

/** A token as it is sent, and the id by which an answer names it. */
export interface MintedToken {
  readonly token: string
  readonly id: string
}

/** Who made a token, as the secret proves. */
export interface NodeProof {
  readonly node: string
  readonly tokenId: string
}

export interface NodeTokenOptions {
  /** This node's id. */
  readonly node: string
  /** All that others may call this node when they speak to it: its id, its `nodeOrigin`. */
  readonly names: readonly string[]
  /** Shared by the cluster. The first signs, all count. */
  readonly secrets: readonly string[]
  readonly clock: Clock
}

/**
 * How nodes prove to each other that they belong to one cluster: a JWT (RFC 7519) for each request,
 * signed with a shared secret, good for a minute, at one node, once. It proves that its maker knows
 * the secret; whoever knows it can be any node, so it does not part the nodes of one cluster.
 */
export class NodeTokens {
  readonly #options: NodeTokenOptions
  readonly #keys: readonly KeyObject[]
  readonly #spent = new SpentTokens()

  /** @throws RangeError that says what is wrong with the secrets, and never what they are */
  constructor(options: NodeTokenOptions) {
    this.#options = options
    this.#keys = keysOf(options.secrets)
  }

  /**
   * @param audience the id of the node spoken to, or its origin, as the registry has it
   * @param answers the id of the token that the other node has just proved itself with
   */
  async mint(audience: string, answers?: string): Promise<MintedToken> {
    const id = randomId()
    const now = Math.floor(this.#options.clock.wall() / 1000)
    const claims: NodeClaims = {
      sub: this.#options.node,
      aud: audience,
      iat: now,
      exp: now + lifetime,
      jti: id,
      ...(answers !== undefined && { answers }),
    }
    const header = { alg: algorithm, typ: type }
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(this.#keys[0]!)
    return { token, id }
  }

  /**
   * Counts a token once.
   *
   * @param answered the id of our own token that this one must be the answer to
   * @returns rejects with ServiceError `token-invalid`, whose text is always the same and whose
   *   cause says for the log what is wrong; with `rate-limited` when more true tokens come than
   *   can be remembered
   */
  async verify(token: string, answered?: string): Promise<NodeProof> {
    const claims = await this.#read(token)
    const now = this.#options.clock.wall()
    const fault = faultOf(claims, { seconds: now / 1000, node: this.#options.node, answered })
    if (fault) throw refusal(new Error(fault))
    const { sub: node, jti, exp } = claims
    this.#spend(`${node} ${jti}`, (exp + skew) * 1000, now)
    return { node, tokenId: jti }
  }

  async #read(token: string): Promise<NodeClaims> {
    const { clock, names } = this.#options
    const rules = {
      algorithms: [algorithm],
      typ: type,
      audience: [...names],
      clockTolerance: skew,
      currentDate: new Date(clock.wall()),
      requiredClaims: ['sub', 'aud', 'iat', 'exp', 'jti'],
    }
    let reason: unknown
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify(token, key, rules)
        if (Value.Check(NodeClaims, payload)) return payload
        throw new Error('a claim is of the wrong form')
      } catch (error) {
        reason = error
        // Another secret cannot mend what the signature holds for.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break
      }
    }
    throw refusal(reason)
  }

  #spend(token: string, expiresAt: number, now: number): void {
    try {
      this.#spent.spend(token, expiresAt, now)
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'token-invalid') throw error
      throw refusal(new Error('it was used before'))
    }
  }
}

interface Expected {
  readonly seconds: number
  readonly node: string
  readonly answered: string | undefined
}

// What is left to see when signature, times and audience hold.
function faultOf(claims: NodeClaims, { seconds: now, node, answered }: Expected) {
  const { sub, iat, exp, answers } = claims
  if (iat > now + skew) return '"iat" is in the future'
  // Whoever signs for longer than we do is no node of ours, or one that must not.
  if (exp - iat > lifetime) return `it is good for more than ${lifetime} s`
  if (sub === node) return '"sub" is this node itself'
  if (answers !== answered) return '"answers" is not the token that was sent'
  return undefined
}

// Who asks learns nothing of how near it was.
function refusal(cause: unknown): ServiceError {
  const error = cause instanceof Error ? cause : new Error(messageOf(cause))
  return new ServiceError('token-invalid', 'the node token does not count', { cause: error })
}

function keysOf(secrets: readonly string[]): KeyObject[] {
  if (secrets.length === 0 || secrets.length > mostClusterSecrets) {
    throw new RangeError(`a cluster has one secret, or ${mostClusterSecrets} while it is changed`)
  }
  return secrets.map((secret) => {
    const bytes = Buffer.from(secret)
    if (bytes.length < shortestClusterSecret) {
      throw new RangeError(`a cluster secret has ${shortestClusterSecret} bytes or more`)
    }
    return createSecretKey(bytes)
  })
}
