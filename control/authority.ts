import type { ErrorCode } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'
import type { Action } from './grant.ts'
import type { Principal } from './principal.ts'

/** Decides who may do what. */
export interface Authority {
  /**
   * @param name the stream; `undefined` asks whether the token is good for any stream at all
   * @param token as the client sent it, without "Bearer"
   * @returns rejects with ServiceError `token-missing`, `token-invalid`, `not-allowed`,
   *   `not-found` for another tenant's stream, or `keys-unavailable`
   */
  authorize(
    action: Action,
    name: StreamName | undefined,
    token: string | undefined,
  ): Promise<Principal>
  /** Whoever holds a token that is good for something here, whatever that is. */
  holder(token: string): Promise<Principal | undefined>
  /**
   * Uses up a token that is good once; any other stays as it is.
   *
   * @returns undoes it, for a request that came to nothing
   * @throws ServiceError `token-invalid` when it was used already
   */
  redeem(principal: Principal): () => void
}

/** Somebody was turned away. */
export interface Refusal {
  readonly code: ErrorCode
  readonly action: Action
  readonly name: StreamName | undefined
  /** First half of the SHA-256 of what was sent, in hex; absent where nothing was. */
  readonly token: string | undefined
  /** Whose token it is, where that much is proved. */
  readonly principal: Principal | undefined
}
