import { randomId } from '#core/ids.ts'
import { type Principal, principalOf } from './principal.ts'

/** What a restarted session answers with (RFC 9725 §4.3.3). */
export interface RestartAnswer {
  /** Our new credentials and our candidates, as a trickle-ice-sdpfrag. */
  readonly fragment: string
  /** Strong entity tag of the new ICE generation, quotes included. */
  readonly etag: string
}

/** One WHIP or WHEP session, as its URL knows it. */
export interface Session {
  readonly principal: Principal
  /** Strong entity tag of its present ICE generation, quotes included. */
  readonly etag: string
  /** It has had more than one ICE generation: a PATCH must say which one it means (428). */
  readonly restarted: boolean
  /**
   * Takes a fragment; one at a time, in the order of arrival. Whatever it throws, the session
   * goes on as it was.
   *
   * @returns undefined for candidates, or the answer to an ICE restart
   * @throws ServiceError `malformed-sdp`, `precondition-failed` for a generation that has been
   *   replaced, or `rate-limited`
   */
  patch(fragment: string): RestartAnswer | undefined
  /**
   * Completes a session whose offer was ours; there only while it waits for that.
   * @throws ServiceError `malformed-sdp`, `unacceptable-answer` or `no-common-codec`
   */
  answer?: ((sdp: string) => void) | undefined
  /** Ends it because its token has expired; not there where it may outlive its token. */
  expire?(): void
  /** Ends the session at its peer's wish. */
  end(): void
}

export interface SessionTableOptions {
  /** Told of each that is removed, and why. */
  readonly ended?: (id: string, reason: string) => void
  /** Whose token this is; see `Authority.holder`. */
  readonly holder?: (token: string) => Promise<Principal | undefined>
}

/** How long a session goes on after its token has expired, in ms (SEC-7). */
const expiryGrace = 60_000
/** Sessions remembered whose offer was not answered in time. */
const maxUnanswered = 1000

/** The sessions of both kinds, by their unguessable ids (DESIGN §14). */
export class SessionTable {
  readonly #sessions = new Map<string, Session>()
  /** Wall ms at which those end that do not outlive their token. */
  readonly #expiries = new Map<string, number>()
  readonly #unanswered = new Set<string>()
  readonly #options: SessionTableOptions

  constructor(options: SessionTableOptions = {}) {
    this.#options = options
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @returns the id that is the session's URL */
  add(session: Session): string {
    const id = randomId()
    this.#sessions.set(id, session)
    const { expiresAt } = session.principal
    if (expiresAt !== undefined && session.expire) this.#expiries.set(id, expiresAt + expiryGrace)
    return id
  }

  /** To be called when the session's peer is gone, whoever ended it. @param reason for records */
  remove(id: string, reason = 'unanswered'): void {
    this.#expiries.delete(id)
    if (this.#sessions.delete(id)) this.#options.ended?.(id, reason)
  }

  /** Removes a session whose offer was not answered in time: its URL says so for a while. */
  removeUnanswered(id: string): void {
    this.remove(id)
    this.#unanswered.add(id)
    if (this.#unanswered.size <= maxUnanswered) return
    for (const oldest of this.#unanswered) {
      this.#unanswered.delete(oldest)
      return
    }
  }

  /** Whether our offer was not answered in time. */
  unanswered(id: string): boolean {
    return this.#unanswered.has(id)
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  /** Whether a session was made with this very token, or with another of the same holder. */
  async tokenMatches(id: string, token: string): Promise<boolean> {
    const principal = this.#sessions.get(id)?.principal
    if (!principal) return false
    // The very one counts also when it has expired since: DELETE comes late (SEC-18).
    if ((principal.token ?? principal.id) === principalOf(token).id) return true
    return (await this.#options.holder?.(token))?.id === principal.id
  }

  /** Ends the sessions of those whose tokens no longer count. @returns how many */
  endWhere(matches: (principal: Principal) => boolean): number {
    const found = [...this.#sessions.values()].filter(({ principal }) => matches(principal))
    for (const session of found) session.end()
    return found.length
  }

  /** Ends the sessions whose token has expired. @param wall ms since the Unix epoch */
  expire(wall: number): void {
    for (const [id, at] of this.#expiries) {
      if (at > wall) continue
      this.#expiries.delete(id)
      this.#sessions.get(id)?.expire?.()
    }
  }
}
