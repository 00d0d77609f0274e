import { newFeedback, packetType, type RtcpBody } from './header.ts'

/** The sender lost the picture of this source: send a keyframe (RFC 4585 §6.3.1). */
export interface PictureLoss {
  readonly kind: 'pli'
  readonly sender: number
  readonly media: number
}

/** Send a keyframe as a decoder refresh point (RFC 5104 §4.3.1). */
export interface FullIntraRequest {
  readonly kind: 'fir'
  readonly sender: number
  readonly requests: readonly FirEntry[]
}

export interface FirEntry {
  /** The source asked. */
  readonly ssrc: number
  /** 8 bits, one up for each new request; the same number again is a repetition. */
  readonly commandNumber: number
}

/** Formats of payload-specific feedback. */
export const pliFormat = 1
export const firFormat = 4

export function readPli({ bytes, start, end }: RtcpBody): PictureLoss | undefined {
  if (end - start < 8) return undefined
  return { kind: 'pli', sender: bytes.readUInt32BE(start), media: bytes.readUInt32BE(start + 4) }
}

export function writePli(sender: number, media: number): Buffer {
  return newFeedback(packetType.payloadFeedback, pliFormat, { sender, media, fciSize: 0 })
}

export function readFir({ bytes, start, end }: RtcpBody): FullIntraRequest | undefined {
  if (end - start < 16) return undefined
  const requests: FirEntry[] = []
  for (let at = start + 8; at + 8 <= end; at += 8) {
    requests.push({ ssrc: bytes.readUInt32BE(at), commandNumber: bytes[at + 4]! })
  }
  return { kind: 'fir', sender: bytes.readUInt32BE(start), requests }
}

export function writeFir(sender: number, requests: readonly FirEntry[]): Buffer {
  // The media source of the header is 0: the entries name their own (RFC 5104 §4.3.1.2).
  const packet = newFeedback(packetType.payloadFeedback, firFormat, {
    sender,
    media: 0,
    fciSize: 8 * requests.length,
  })
  requests.forEach(({ ssrc, commandNumber }, index) => {
    packet.writeUInt32BE(ssrc, 12 + 8 * index)
    packet[16 + 8 * index] = commandNumber & 0xff
  })
  return packet
}
