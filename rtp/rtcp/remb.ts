import { newFeedback, packetType, type RtcpBody } from './header.ts'

/** The most that a receiver estimates it can take (draft-alvestrand-rmcat-remb-03 §2.2). */
export interface ReceiverEstimate {
  readonly kind: 'remb'
  readonly sender: number
  /** Bits per second over all the sources named. */
  readonly bitrate: number
  readonly ssrcs: readonly number[]
}

/** Application layer feedback, told apart from others by the name. */
export const rembFormat = 15
const name = Buffer.from('REMB')

const mantissaBits = 18

/** @returns undefined too for application layer feedback of another name */
export function readRemb({ bytes, start, end }: RtcpBody): ReceiverEstimate | undefined {
  if (end - start < 16 || name.compare(bytes, start + 8, start + 12) !== 0) return undefined
  const count = bytes[start + 12]!
  if (end - start !== 16 + 4 * count) return undefined
  const value = bytes.readUIntBE(start + 13, 3)
  const bitrate = (value & 0x3ffff) * 2 ** (value >> mantissaBits)
  // The draft's estimate is a 64-bit number: what does not fit is no estimate.
  if (bitrate >= 2 ** 64) return undefined
  const ssrcs: number[] = []
  for (let at = start + 16; at < end; at += 4) ssrcs.push(bytes.readUInt32BE(at))
  return { kind: 'remb', sender: bytes.readUInt32BE(start), bitrate, ssrcs }
}

/**
 * @param bitrate bits per second, rounded down to 18 significant bits
 * @param ssrcs at most 255
 */
export function writeRemb(sender: number, bitrate: number, ssrcs: readonly number[]): Buffer {
  if (ssrcs.length > 255) throw new RangeError(`${ssrcs.length} sources in a REMB: it holds 255`)
  const packet = newFeedback(packetType.payloadFeedback, rembFormat, {
    sender,
    media: 0,
    fciSize: 8 + 4 * ssrcs.length,
  })
  let exponent = 0
  while (bitrate / 2 ** exponent >= 2 ** mantissaBits) exponent++
  const mantissa = Math.floor(bitrate / 2 ** exponent)
  name.copy(packet, 12)
  packet[16] = ssrcs.length
  packet.writeUIntBE(exponent * 2 ** mantissaBits + mantissa, 17, 3)
  ssrcs.forEach((ssrc, index) => {
    packet.writeUInt32BE(ssrc, 20 + 4 * index)
  })
  return packet
}
