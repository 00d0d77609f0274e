/** What became of an accepted offer. */
export interface CreatedSession {
  /** As made by `randomId`: the session's URL is its capability (DESIGN §14). */
  readonly id: string
  /** SDP. */
  readonly answer: string
  /** Strong entity tag of the ICE generation, quotes included (RFC 9725 §4.3.1). */
  readonly etag: string
  /** `Link` field values of its extensions (RFC 9725 §4.8). */
  readonly links?: readonly string[]
}
