import type { StreamFigures } from './stream-figures.ts'

/** What is told while packets are counted. Every `now` is monotonic ms. */
export interface CountListener {
  /** The packets between two 16-bit numbers are missing. */
  gap(ssrc: number, before: number, after: number, now: number): void
  /** A packet came that had been missing. */
  late(ssrc: number, sequenceNumber: number, now: number): void
  /** The first arrival since `takeArrivals` that transport-wide feedback is to tell of. */
  arrivals(now: number): void
}

/** When the packet with a transport-wide number came. */
export interface TransportArrival {
  /** 16 bits. */
  readonly sequenceNumber: number
  /** Monotonic ms. */
  readonly at: number
}

/** A packet that RTX brought back (RFC 4588). */
export interface RestoredPacket {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly marker: boolean
  readonly length: number
}

/**
 * Counts the packets of one session by their headers, which SRTP leaves in the clear. Native
 * code does it where the addon is, `HeaderCounts` elsewhere.
 */
export interface PacketCounts {
  /** Who is told from now on. */
  listen(listener: CountListener): void
  /** Whether RTP packets are handed up as well; those of RTX always are. */
  handUpAll(all: boolean): void
  /** Takes an SRTP datagram. Native code has counted it by then. */
  receive(datagram: Buffer, now: number): void
  /** @returns whether it was missing */
  restore(packet: RestoredPacket, now: number): boolean
  /** One of each stream, at most `maxStreams`. */
  figures(now: number): StreamFigures[]
  /** Those since the last call, in the order in which they came. */
  takeArrivals(): TransportArrival[]
}
