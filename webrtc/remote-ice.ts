import { ServiceError } from '#core/errors.ts'
import type { IceCredentials } from './ice-generation.ts'
import { ownText } from './sdp/answer.ts'
import type { TrickleFragment } from './sdp/fragment.ts'
import { malformed } from './sdp/lines.ts'

/** Between two restarts of one session, in ms: each makes us keep a generation (RFC 9725 §5). */
const restartInterval = 1000

/** The peer's side of ICE, as its fragments tell it. Every `now` is monotonic ms. */
export class RemoteIce {
  #current: IceCredentials
  #previousUfrag: string | undefined
  #restartedAt = Number.NEGATIVE_INFINITY

  constructor(initial: IceCredentials) {
    this.#current = initial
  }

  /**
   * Whether the fragment asks for a restart. One that does has become the present generation.
   * @throws ServiceError `malformed-sdp`, `precondition-failed` or `rate-limited`
   */
  restartedBy({ ufrag, password }: TrickleFragment, now: number): boolean {
    if (ufrag === undefined || password === undefined) return false
    const current = this.#current
    if (ufrag === current.ufrag && password === current.password) return false
    if (ufrag === this.#previousUfrag) {
      throw new ServiceError('precondition-failed', 'these candidates are from before a restart')
    }
    // RFC 8839 §4.4.1.1.1.
    if (ufrag === current.ufrag || password === current.password) {
      throw malformed('a restart changes both of a=ice-ufrag and a=ice-pwd')
    }
    const wait = this.#restartedAt + restartInterval - now
    if (wait > 0) {
      throw new ServiceError('rate-limited', 'ICE has been restarted a moment ago', {
        retryAfter: wait / 1000,
      })
    }
    this.#restartedAt = now
    this.#previousUfrag = current.ufrag
    this.#current = { ufrag: ownText(ufrag), password: ownText(password) }
    return true
  }
}
