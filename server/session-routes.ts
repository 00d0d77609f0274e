/** What the routes need of the sessions of both kinds; the specs pass a fake. */
export interface Sessions {
  /** Entity tag of the current ICE generation, quotes included; `undefined`: no such session. */
  etag(id: string): string | undefined
  /** Whether the session was made with this very token, or with none. */
  tokenMatches(id: string, token: string): boolean
  /**
   * Takes candidates (RFC 8840). The precondition has been checked.
   * @throws ServiceError `malformed-sdp`, or `unsupported-fragment` for one with a new ufrag
   */
  trickle(id: string, fragment: string): void
  /** Ends the session and tells its peer; nothing happens if it is gone already. */
  end(id: string): void
}
