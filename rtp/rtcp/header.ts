/**
 * The header that all RTCP packets share (RFC 3550 §6.4.1):
 *
 *   |V=2|P| count |      type     |   length in 32-bit words − 1  |
 *
 * The five bits of "count" are a number of reports, of sources, or the format of a feedback.
 */

export const packetType = {
  senderReport: 200,
  receiverReport: 201,
  sdes: 202,
  bye: 203,
  app: 204,
  transportFeedback: 205,
  payloadFeedback: 206,
  extendedReport: 207,
} as const

/** One packet of a compound, as offsets: `start` is behind the header, `end` before padding. */
export interface RtcpBody {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly type: number
  readonly count: number
  readonly padded: boolean
}

/** A packet with its header written and its body zero. @param bodySize in bytes, of 4 */
export function newPacket(type: number, count: number, bodySize: number): Buffer {
  const packet = Buffer.alloc(4 + bodySize)
  packet[0] = 0x80 | count
  packet[1] = type
  packet.writeUInt16BE(bodySize / 4, 2)
  return packet
}

/** A feedback message with its two SSRCs written (RFC 4585 §6.1); the FCI starts at byte 12. */
export function newFeedback(
  type: number,
  format: number,
  { sender, media, fciSize }: { sender: number; media: number; fciSize: number },
): Buffer {
  const packet = newPacket(type, format, 8 + fciSize)
  packet.writeUInt32BE(sender, 4)
  packet.writeUInt32BE(media, 8)
  return packet
}
