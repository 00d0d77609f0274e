import { randomId } from '#core/ids.ts'
import { type Principal, principalOf } from './permissions.ts'

/** One WHIP or WHEP session, as its URL knows it. */
export interface Session {
  readonly principal: Principal
  /** Strong entity tag of its ICE generation, quotes included. */
  readonly etag: string
  /** @throws ServiceError `malformed-sdp` or `unsupported-fragment` */
  trickle(fragment: string): void
  /** Ends the session at its peer's wish. */
  end(): void
}

/** The sessions of both kinds, by their unguessable ids (DESIGN §14). */
export class SessionTable {
  readonly #sessions = new Map<string, Session>()

  get size(): number {
    return this.#sessions.size
  }

  /** @returns the id that is the session's URL */
  add(session: Session): string {
    const id = randomId()
    this.#sessions.set(id, session)
    return id
  }

  /** To be called when the session's peer is gone, whoever ended it. */
  remove(id: string): void {
    this.#sessions.delete(id)
  }

  etag(id: string): string | undefined {
    return this.#sessions.get(id)?.etag
  }

  tokenMatches(id: string, token: string): boolean {
    return this.#sessions.get(id)?.principal.id === principalOf(token).id
  }

  trickle(id: string, fragment: string): void {
    this.#sessions.get(id)?.trickle(fragment)
  }

  end(id: string): void {
    this.#sessions.get(id)?.end()
  }
}
