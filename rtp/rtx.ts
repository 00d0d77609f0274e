import type { RtpPacket } from './packet.ts'

/** Where a retransmission stream and the stream it repairs differ (RFC 4588 §8). */
export interface RtxTarget {
  readonly ssrc: number
  readonly payloadType: number
}

/** The original sequence number, in front of the original payload (RFC 4588 §4). */
const originalNumberSize = 2

/**
 * Turns a retransmission into the packet that it repeats, in place: the header moves up by two
 * bytes, over the original sequence number, and the view shows the result. Header extensions
 * stay those of the retransmission.
 *
 * False, with nothing changed, for a probe: no payload, or nothing but padding. Such packets
 * and retransmissions nobody asked for are normal (`INTEROP.md` IO-66).
 */
export function unwrapRtx(packet: RtpPacket, original: RtxTarget): boolean {
  const { bytes, start, end, payloadStart, payloadEnd } = packet
  if (payloadEnd - payloadStart <= originalNumberSize) return false
  const sequenceNumber = bytes.readUInt16BE(payloadStart)
  const moved = start + originalNumberSize
  bytes.copyWithin(moved, start, payloadStart)
  bytes[moved + 1] = (bytes[moved + 1]! & 0x80) | original.payloadType
  bytes.writeUInt16BE(sequenceNumber, moved + 2)
  bytes.writeUInt32BE(original.ssrc, moved + 8)
  return packet.read(bytes, moved, end)
}

/** What a retransmission needs besides the packet. */
export interface RtxHeader extends RtxTarget {
  /** Of the retransmission stream, which counts its own packets. */
  readonly sequenceNumber: number
}

/**
 * Writes the retransmission of a packet at `at`: timestamp, marker and header extensions are
 * kept, padding is left out. It takes two bytes more than the packet.
 *
 * @returns the offset behind it
 */
export function wrapRtx(original: RtpPacket, rtx: RtxHeader, into: Buffer, at: number): number {
  const { bytes, start, payloadStart, payloadEnd } = original
  const payload = at + (payloadStart - start)
  bytes.copy(into, at, start, payloadStart)
  into[at]! &= ~0x20
  into[at + 1] = (into[at + 1]! & 0x80) | rtx.payloadType
  into.writeUInt16BE(rtx.sequenceNumber, at + 2)
  into.writeUInt32BE(rtx.ssrc, at + 8)
  into.writeUInt16BE(original.sequenceNumber, payload)
  bytes.copy(into, payload + originalNumberSize, payloadStart, payloadEnd)
  return payload + originalNumberSize + (payloadEnd - payloadStart)
}
