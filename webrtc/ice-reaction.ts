/** Why a message got no answer. None of them tells the sender anything. */
export type IceDropReason =
  | 'not-a-request'
  | 'no-fingerprint'
  | 'no-credentials'
  | 'unknown-ufrag'
  | 'bad-integrity'
  | 'bad-source'

export type IceReaction =
  | { readonly kind: 'drop'; readonly reason: IceDropReason }
  | {
      readonly kind: 'reply'
      /** To be sent on the path that the request came on. */
      readonly datagram: Buffer
      /** This request was the first to nominate the path that is now `selected`. */
      readonly nominated: boolean
      /** From now on DTLS and SRTP may come on this path. */
      readonly newPath: boolean
    }
