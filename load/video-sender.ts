import type { ProtectedPacket } from './outgoing-track.ts'

/** The video of a publisher, in one or more layers, in the manner of one kind of program. */
export interface VideoSender {
  /** Of all layers and of their repairs. */
  readonly ssrcs: readonly number[]
  /**
   * Writes and protects the next packet of a layer.
   *
   * @param layer counted from the largest picture
   * @param media milliseconds of media time
   * @param marker set on the last packet of a picture
   */
  write(layer: number, payload: Buffer, marker: boolean, media: number): ProtectedPacket
  /** What answers a NACK; undefined when the packet is no longer remembered. */
  repair(ssrc: number, lost: number): ProtectedPacket | undefined
  /**
   * Sender reports that are due once a second.
   *
   * @param media milliseconds of media time at the instant `wall`
   * @param wall milliseconds since the Unix epoch
   */
  reports(media: number, wall: number): readonly SourceReport[]
}

/** A sender report, and whose it is. */
export interface SourceReport {
  readonly ssrc: number
  readonly report: Buffer
}
