import { createHash, createHmac } from 'node:crypto'
import type { IceServer } from './ice-servers.ts'

export interface TurnOptions {
  /** `turn:` and `turns:` addresses, all of servers that know the secret (RFC 7065). */
  readonly urls: readonly string[]
  /** Shared with the servers: `static-auth-secret` of coturn. */
  readonly secret: string
  /** Seconds that a credential is good for, 12 h at most (SEC-55). */
  readonly lifetime: number
}

/**
 * Credentials for TURN servers that we share a secret with: "REST API for access to TURN
 * services", as coturn's `use-auth-secret` checks it. Nothing is kept and nobody is asked: the
 * username says until when, the password proves that we said so.
 */
export class TurnCredentials {
  readonly #options: TurnOptions

  constructor(options: TurnOptions) {
    this.#options = options
  }

  /**
   * The servers, with a credential for one session.
   *
   * @param owner session or principal, to which the use can be traced; only a digest of it goes
   *   into the username, since a TURN server writes usernames to its log and the id of a session
   *   is its capability
   * @param wall ms since the Unix epoch
   */
  servers(owner: string, wall: number): IceServer[] {
    const { urls, secret, lifetime } = this.#options
    const expiry = Math.floor(wall / 1000) + lifetime
    const user = createHash('sha256').update(owner).digest('base64url').slice(0, 16)
    const username = `${expiry}:${user}`
    const credential = turnPassword(secret, username)
    return urls.map((url) => ({ url, username, credential }))
  }
}

/** base64(HMAC-SHA1(secret, username)): SEC-52. */
export function turnPassword(secret: string, username: string): string {
  return createHmac('sha1', secret).update(username).digest('base64')
}
