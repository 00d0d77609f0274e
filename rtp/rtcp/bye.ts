import { newPacket, packetType, type RtcpBody } from './header.ts'

/** These sources end (RFC 3550 §6.6); the session and its other sources go on. */
export interface Bye {
  readonly kind: 'bye'
  readonly ssrcs: readonly number[]
  readonly reason: string | undefined
}

export function readBye({ bytes, start, end, count }: RtcpBody): Bye | undefined {
  const reasonAt = start + 4 * count
  if (reasonAt > end) return undefined
  const ssrcs: number[] = []
  for (let at = start; at < reasonAt; at += 4) ssrcs.push(bytes.readUInt32BE(at))
  if (reasonAt === end) return { kind: 'bye', ssrcs, reason: undefined }
  const reasonEnd = reasonAt + 1 + bytes[reasonAt]!
  if (reasonEnd > end) return undefined
  return { kind: 'bye', ssrcs, reason: bytes.toString('utf8', reasonAt + 1, reasonEnd) }
}

/** @throws RangeError for more than 31 sources or a reason of more than 255 bytes */
export function writeBye(ssrcs: readonly number[], reason?: string): Buffer {
  const text = Buffer.from(reason ?? '', 'utf8')
  if (ssrcs.length > 31) throw new RangeError(`${ssrcs.length} sources in a BYE: it holds 31`)
  if (text.length > 255) throw new RangeError(`a reason of ${text.length} bytes: 255 fit`)
  const reasonSize = reason === undefined ? 0 : Math.ceil((1 + text.length) / 4) * 4
  const packet = newPacket(packetType.bye, ssrcs.length, 4 * ssrcs.length + reasonSize)
  ssrcs.forEach((ssrc, index) => {
    packet.writeUInt32BE(ssrc, 4 + 4 * index)
  })
  if (reason !== undefined) {
    packet[4 + 4 * ssrcs.length] = text.length
    text.copy(packet, 5 + 4 * ssrcs.length)
  }
  return packet
}
