/** Where a stored RTP packet lies. Made once by a reader and filled by each `locate`. */
export interface PacketPlace {
  bytes: Buffer
  /** First byte of the RTP header in `bytes`. */
  offset: number
  /** Bytes of the whole packet, header and padding included. */
  length: number
}

/**
 * The part of a packet log that the media plane reads: packets by ingest index, a 64-bit count
 * that never wraps. A packet not (yet) received is a hole, and stays one until it comes.
 *
 * An index stands for one packet for ever: what was stored, and later dropped, never comes back
 * with other bytes. The SRTP index that a viewer gets for it depends on that (RFC 7714 §8.4).
 */
export interface PacketStore {
  /** One past the newest index stored. */
  readonly end: number
  /** The oldest index still held. */
  readonly start: number
  /** Fills `place` and returns true, or returns false for a hole and for what is not held. */
  locate(index: number, place: PacketPlace): boolean
}
