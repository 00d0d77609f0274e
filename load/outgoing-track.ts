import {
  type ExtensionElement,
  extensionsSize,
  writeTransportSequence,
} from '#rtp/header-extensions.ts'
import { ntpFromWall } from '#rtp/ntp.ts'
import { writeRtpHeader } from '#rtp/packet.ts'
import { writeSenderReport } from '#rtp/rtcp/reports.ts'
import { distance } from '#rtp/sequence.ts'
import { maxPayloadLength } from './h264-packetizer.ts'
import type { PacketSealer } from './srtp.ts'

export interface OutgoingTrackOptions {
  readonly ssrc: number
  readonly payloadType: number
  /** Ticks per second of the RTP timestamp. */
  readonly clockRate: number
  /** 16 bits. */
  readonly firstSequenceNumber: number
  readonly firstTimestamp: number
  /** Header extensions that every packet carries. */
  readonly extensions: readonly ExtensionElement[]
  /** Milliseconds of media after which they are left out, as browsers do; never without. */
  readonly extensionsFor?: number
  /** Numbers every packet across the tracks of a transport, in an extension of its own. */
  readonly transport?: TransportNumbers
  /** Packets kept for NACKs; a power of two. */
  readonly history: number
}

/** The count of a transport's packets, and the id of the extension that carries it. */
interface TransportNumbers {
  readonly id: number
  next: number
}

/** One protected packet that is ready to send. The bytes stay until the history has gone round. */
export interface ProtectedPacket {
  bytes: Buffer
  length: number
}

export interface SentCounts {
  readonly packets: number
  /** Of payload. */
  readonly octets: number
}

const rtpHeaderLength = 12
/** Of the number in the first element, behind profile, length and the element's own head. */
const transportNumberAt = rtpHeaderLength + 4 + 1
/** GCM's tag, the longer of the two (RFC 7714 §13). */
const maxOverhead = 16
/** In front of the payload of a retransmission (RFC 4588 §4). */
const repeatedNumber = 2

/**
 * One RTP stream of a publisher: numbers, headers, SRTP, and the history that answers NACKs with
 * the same bytes on the same SSRC (INTEROP IO-23).
 */
export class OutgoingTrack {
  readonly #options: OutgoingTrackOptions
  readonly #header: Buffer
  /** Without the extensions that are left out in the end. */
  readonly #laterHeader: Buffer
  readonly #slots: ProtectedPacket[] = []
  // The SRTP index: 48 bits whose low 16 are the sequence number. It starts where that does.
  #nextIndex: number
  #packets = 0
  #octets = 0

  constructor(options: OutgoingTrackOptions) {
    this.#options = options
    this.#nextIndex = options.firstSequenceNumber
    this.#header = headerOf(options, options.extensions)
    this.#laterHeader = headerOf(options, [])
  }

  get ssrc(): number {
    return this.#options.ssrc
  }

  get packets(): number {
    return this.#packets
  }

  /** Of payload. */
  get octets(): number {
    return this.#octets
  }

  /** Number of the packet that `write` writes next. */
  get nextSequenceNumber(): number {
    return this.#nextIndex & 0xffff
  }

  /**
   * Writes and protects the next packet.
   *
   * @param media milliseconds of media time since the track began
   * @param marker for video, set on the last packet of a picture
   */
  write(payload: Buffer, marker: boolean, media: number, srtp: PacketSealer): ProtectedPacket {
    const index = this.#nextIndex++
    const slot = this.#slot(index)
    const { extensionsFor = Number.POSITIVE_INFINITY, transport } = this.#options
    const header = media < extensionsFor ? this.#header : this.#laterHeader
    const { bytes } = slot
    header.copy(bytes)
    if (marker) bytes[1]! |= 0x80
    bytes.writeUInt16BE(index % 0x10000, 2)
    bytes.writeUInt32BE(this.#timestamp(media), 4)
    if (transport) writeTransportSequence(bytes, transportNumberAt, transport.next++)
    payload.copy(bytes, header.length)
    slot.length = srtp.protectRtp(bytes, header.length, header.length + payload.length, index)
    this.#packets++
    this.#octets += payload.length
    return slot
  }

  /** The packet as it was sent, or undefined when the history no longer holds it. */
  recall(sequenceNumber: number): ProtectedPacket | undefined {
    const behind = -distance(this.#nextIndex & 0xffff, sequenceNumber)
    if (behind < 1 || behind > Math.min(this.#packets, this.#options.history)) return undefined
    return this.#slots[(this.#nextIndex - behind) % this.#options.history]
  }

  /**
   * @param media milliseconds of media time at the instant `wall`
   * @param wall milliseconds since the Unix epoch
   * @param sent what the report counts
   */
  senderReport(media: number, wall: number, sent: SentCounts = this): Buffer {
    return writeSenderReport({
      ssrc: this.ssrc,
      ntp: ntpFromWall(wall),
      rtpTimestamp: this.#timestamp(media),
      packetCount: sent.packets,
      octetCount: sent.octets,
      reports: [],
    })
  }

  #timestamp(media: number): number {
    const { firstTimestamp, clockRate } = this.#options
    // Media time passes 2^32 ticks after half a day: wrap before the bits are lost.
    return (firstTimestamp + Math.round((media * clockRate) / 1000)) % 2 ** 32
  }

  #slot(index: number): ProtectedPacket {
    const place = index % this.#options.history
    const found = this.#slots[place]
    if (found) return found
    const room = this.#header.length + maxPayloadLength + repeatedNumber + maxOverhead
    const slot = { bytes: Buffer.allocUnsafe(room), length: 0 }
    this.#slots[place] = slot
    return slot
  }
}

function headerOf(options: OutgoingTrackOptions, named: readonly ExtensionElement[]): Buffer {
  const { transport } = options
  const number = transport ? [{ id: transport.id, data: Buffer.alloc(2) }] : []
  const extensions = [...number, ...named]
  const header = Buffer.alloc(rtpHeaderLength + extensionsSize(extensions))
  writeRtpHeader(header, 0, { ...options, extensions, sequenceNumber: 0, timestamp: 0 })
  return header
}
