import { ExtensionCursor } from './extension-cursor.ts'
import { type ExtensionElement, extensionsSize, writeExtensions } from './header-extensions.ts'

const headerSize = 12

/**
 * A view of one RTP packet (RFC 3550 §5.1), made once and moved from packet to packet by
 * `read`: nothing is copied or allocated. All offsets are absolute, in `bytes`.
 *
 *   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *   |                           timestamp                           |
 *   |                             SSRC                              |
 */
export class RtpPacket {
  /** Borrowed from the last `read`: a view is good until its bytes are reused. */
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  payloadStart = 0
  /** Behind the last byte of payload: padding is excluded. */
  payloadEnd = 0
  readonly #extensions = new ExtensionCursor()

  /** @returns a view of its own; undefined if this is no valid RTP packet */
  static parse(datagram: Buffer): RtpPacket | undefined {
    const packet = new RtpPacket()
    return packet.read(datagram, 0, datagram.length) ? packet : undefined
  }

  /**
   * Moves the view to another packet, borrowed. False, and the view means nothing, if the bytes
   * are no valid RTP packet (RFC 3550 §A.1): on an open port that is weather, not an exception.
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < headerSize || end > bytes.length) return false
    const flags = bytes[start]!
    if (flags >> 6 !== 2) return false

    let payloadStart = start + headerSize + 4 * (flags & 0x0f)
    let profile = 0
    let extensionsStart = payloadStart
    if (flags & 0x10) {
      if (payloadStart + 4 > end) return false
      profile = bytes.readUInt16BE(payloadStart)
      extensionsStart = payloadStart + 4
      payloadStart = extensionsStart + 4 * bytes.readUInt16BE(payloadStart + 2)
    }
    // The last byte of padding counts it, itself included.
    const padding = flags & 0x20 ? bytes[end - 1]! : 0
    if ((flags & 0x20 && padding === 0) || payloadStart + padding > end) return false

    this.bytes = bytes
    this.start = start
    this.end = end
    this.payloadStart = payloadStart
    this.payloadEnd = end - padding
    this.#extensions.reset(bytes, profile, extensionsStart, payloadStart)
    return true
  }

  /** For video, set on the last packet of a frame. */
  get marker(): boolean {
    return (this.bytes[this.start + 1]! & 0x80) !== 0
  }

  get payloadType(): number {
    return this.bytes[this.start + 1]! & 0x7f
  }

  get sequenceNumber(): number {
    return this.bytes.readUInt16BE(this.start + 2)
  }

  /** In ticks of the payload's clock: 90 kHz for video, 48 kHz for Opus. */
  get timestamp(): number {
    return this.bytes.readUInt32BE(this.start + 4)
  }

  get ssrc(): number {
    return this.bytes.readUInt32BE(this.start + 8)
  }

  get hasPadding(): boolean {
    return this.payloadEnd !== this.end
  }

  /** Borrowed, and made on demand: a subarray costs more than the whole `read`. */
  get payload(): Buffer {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd)
  }

  /** The header extension elements, for walking or finding without allocation. */
  get extensions(): ExtensionCursor {
    return this.#extensions
  }

  /**
   * Data of the header extension element with this id, borrowed; undefined if there is none.
   * Per packet, `extensions.find(id)` does the same without allocation.
   */
  extension(id: number): Buffer | undefined {
    const found = this.#extensions
    return found.find(id) ? this.bytes.subarray(found.start, found.end) : undefined
  }
}

/** A datagram of the SRTP range is RTCP if its second byte is 192–223 (RFC 5761 §4). */
export function isRtcp(bytes: Buffer, start = 0): boolean {
  const packetType = bytes[start + 1] ?? 0
  return packetType >= 192 && packetType <= 223
}

export interface RtpHeader {
  readonly marker?: boolean
  readonly payloadType: number
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly ssrc: number
  readonly extensions?: readonly ExtensionElement[]
}

/**
 * Writes a header without CSRCs at `at`, for senders that build packets.
 *
 * @returns the offset behind it, where the payload goes
 */
export function writeRtpHeader(into: Buffer, at: number, header: RtpHeader): number {
  const extensions = header.extensions ?? []
  into[at] = 0x80 | (extensions.length > 0 ? 0x10 : 0)
  into[at + 1] = (header.marker ? 0x80 : 0) | header.payloadType
  into.writeUInt16BE(header.sequenceNumber, at + 2)
  into.writeUInt32BE(header.timestamp, at + 4)
  into.writeUInt32BE(header.ssrc, at + 8)
  const end = at + headerSize
  return extensions.length > 0 ? writeExtensions(into, end, extensions) : end
}

/** A whole packet in a buffer of its own. */
export function buildRtp(header: RtpHeader, payload: Buffer): Buffer {
  const packet = Buffer.alloc(headerSize + extensionsSize(header.extensions ?? []) + payload.length)
  payload.copy(packet, writeRtpHeader(packet, 0, header))
  return packet
}
