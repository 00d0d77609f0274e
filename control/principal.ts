import { digest } from './static-keys.ts'

/**
 * Whoever a token stands for. `id` is the same for the same holder and tells nothing about the
 * token: it may be logged, compared and kept, the token may not.
 */
export interface Principal {
  /** Of one token, or of all tokens that one issuer gave one subject of one tenant. */
  readonly id: string
  /** Of the very token, where `id` is its holder's. */
  readonly token?: string
  /** Its only tenant; absent: every tenant of this node. */
  readonly tenant?: string
  /** The streams it may know of, as `Grant` has them; absent: every one. */
  readonly streams?: readonly string[]
  /** Who it was given to, as its issuer names them. */
  readonly subject?: string
  /** Its `jti`. */
  readonly tokenId?: string
  /** The `kid` of the key it is signed with. */
  readonly keyId?: string
  /** Ms since the Unix epoch. */
  readonly issuedAt?: number
  /** Ms since the Unix epoch after which it opens nothing; absent: never. */
  readonly expiresAt?: number
  /** Pixels of the largest picture that it may be sent. */
  readonly maxHeight?: number
  /** Where it is used, as its issuer knows. */
  readonly region?: string
  /** Good for one session. */
  readonly once?: boolean
}

/** Whoever comes without a token where none is needed. */
export const anonymous: Principal = { id: 'anonymous' }

/** The principal of a token that stands for itself. */
export function principalOf(token: string | undefined): Principal {
  return token === undefined ? anonymous : { id: idOf(token) }
}

/**
 * 128 bits of a SHA-256, in hex: enough that nobody finds another token with the same id, and
 * one-way.
 *
 * @param named a token, or what tells its holder from others
 */
export function idOf(named: string): string {
  return digest(named).toString('hex', 0, 16)
}
