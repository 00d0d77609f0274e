/** What the peer is told. */
export type PeerRequest =
  /** @param sends offers video to a viewer instead of taking a publisher's tracks */
  | { readonly kind: 'offer'; readonly sdp: string; readonly sends: boolean }
  /** Plain RTP or RTCP for the video track. */
  | { readonly kind: 'send'; readonly datagram: Uint8Array }
  | { readonly kind: 'close' }

/** What the peer tells. */
export type PeerEvent =
  | { readonly kind: 'answer'; readonly sdp: string }
  /** The video track can be sent on. */
  | { readonly kind: 'open' }
  /** Plain RTP or RTCP. */
  | { readonly kind: 'packet'; readonly mid: string; readonly datagram: Uint8Array }

/** The video of a peer that sends. */
export const sentVideo = { payloadType: 112, ssrc: 2222 } as const
