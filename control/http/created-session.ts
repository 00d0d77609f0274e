/** What became of an offer, or of the wish for one. */
export interface CreatedSession {
  /** As made by `randomId`: the session's URL is its capability (DESIGN §14). */
  readonly id: string
  /** SDP: our answer, or our own offer. */
  readonly answer: string
  /** It is there when `answer` is an offer in place of the client's (draft-ietf-wish-whep §4.3.2). */
  readonly counterOffer?: {
    /** Wall ms until which it may be answered. */
    readonly validUntil: number
  }
  /** Strong entity tag of the ICE generation, quotes included (RFC 9725 §4.3.1). */
  readonly etag: string
  /** `Link` field values of its extensions (RFC 9725 §4.8). */
  readonly links?: readonly string[]
}
