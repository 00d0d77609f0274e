import { distance } from '#rtp/sequence.ts'
import { newFeedback, packetType, type RtcpBody } from './header.ts'

/** These packets of the media source were lost: send them again (RFC 4585 §6.2.1). */
export interface GenericNack {
  readonly kind: 'nack'
  readonly sender: number
  readonly media: number
  /** In the order of the packet, at most 1024. */
  readonly lost: readonly number[]
}

/** Format of a generic NACK. */
export const nackFormat = 1

// More than a second of video in one message is no repair, and 17 numbers fit into 4 bytes.
const maxLost = 1024

export function readNack({ bytes, start, end }: RtcpBody): GenericNack | undefined {
  if (end - start < 12) return undefined
  const lost: number[] = []
  for (let at = start + 8; at + 4 <= end && lost.length < maxLost; at += 4) {
    const first = bytes.readUInt16BE(at)
    lost.push(first)
    // Bit k of the mask stands for packet first + k + 1.
    for (let mask = bytes.readUInt16BE(at + 2), next = first + 1; mask; mask >>= 1, next++) {
      if (mask & 1 && lost.length < maxLost) lost.push(next & 0xffff)
    }
  }
  return {
    kind: 'nack',
    sender: bytes.readUInt32BE(start),
    media: bytes.readUInt32BE(start + 4),
    lost,
  }
}

/**
 * Send it in a datagram of its own: ffmpeg heeds a NACK only when it is the sole RTCP packet
 * there (`INTEROP.md` IO-42).
 *
 * @param lost 16-bit sequence numbers, oldest first
 */
export function writeNack(sender: number, media: number, lost: readonly number[]): Buffer {
  const entries: { first: number; mask: number }[] = []
  for (const sequenceNumber of lost) {
    const entry = entries.at(-1)
    const ahead = entry ? distance(entry.first, sequenceNumber) : 0
    if (entry && ahead >= 1 && ahead <= 16) entry.mask |= 1 << (ahead - 1)
    else if (!entry || ahead !== 0) entries.push({ first: sequenceNumber, mask: 0 })
  }
  const packet = newFeedback(packetType.transportFeedback, nackFormat, {
    sender,
    media,
    fciSize: 4 * entries.length,
  })
  entries.forEach(({ first, mask }, index) => {
    packet.writeUInt16BE(first, 12 + 4 * index)
    packet.writeUInt16BE(mask, 14 + 4 * index)
  })
  return packet
}
