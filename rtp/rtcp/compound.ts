import { type Bye, readBye } from './bye.ts'
import { packetType, type RtcpBody } from './header.ts'
import {
  type FullIntraRequest,
  firFormat,
  type PictureLoss,
  pliFormat,
  readFir,
  readPli,
} from './keyframe-request.ts'
import { type GenericNack, nackFormat, readNack } from './nack.ts'
import { type ReceiverEstimate, readRemb, rembFormat } from './remb.ts'
import {
  type ReceiverReport,
  readReceiverReport,
  readSenderReport,
  type SenderReport,
} from './reports.ts'
import { readSdes, type SourceDescription } from './sdes.ts'
import { type TransportCc, transportCcFormat } from './transport-cc.ts'

/** Application-defined (RFC 3550 §6.7) and extended reports (RFC 3611): seen, not read. */
interface SkippedPacket {
  readonly kind: 'app' | 'xr'
  readonly ssrc: number
}

/** A type or format that nobody here reads, or a body that breaks its own rules. */
interface UnknownPacket {
  readonly kind: 'unknown'
  readonly type: number
  /** The five bits of the header: a number of entries or a feedback format. */
  readonly count: number
}

export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye
  | GenericNack
  | PictureLoss
  | FullIntraRequest
  | ReceiverEstimate
  | TransportCc
  | SkippedPacket
  | UnknownPacket

// Real compounds hold two to five; a datagram of empty headers would hold hundreds.
const maxPackets = 32

/**
 * The packets of a decrypted compound, never throwing. A compound of one is accepted always
 * (RFC 5506). From a packet with a bad version, length or padding on, the rest is dropped.
 */
export function readRtcp(compound: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = []
  let at = 0
  while (packets.length < maxPackets) {
    const end = packetEnd(compound, at)
    const body = end === undefined ? undefined : bodyOf(compound, at, end)
    if (end === undefined || !body) break
    packets.push(readPacket(body) ?? { kind: 'unknown', type: body.type, count: body.count })
    at = end
  }
  return packets
}

/** Joins packets into one datagram. A report must come first (RFC 3550 §6.1). */
export function compound(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts)
}

function packetEnd(bytes: Buffer, at: number): number | undefined {
  if (at + 4 > bytes.length || bytes[at]! >> 6 !== 2) return undefined
  const end = at + 4 + 4 * bytes.readUInt16BE(at + 2)
  return end <= bytes.length ? end : undefined
}

function bodyOf(bytes: Buffer, at: number, end: number): RtcpBody | undefined {
  const padded = (bytes[at]! & 0x20) !== 0
  const padding = padded ? bytes[end - 1]! : 0
  const start = at + 4
  // Transport-wide feedback pads by single bytes, so a multiple of 4 is not asked for.
  if ((padded && padding === 0) || start + padding > end) return undefined
  return {
    bytes,
    start,
    end: end - padding,
    type: bytes[at + 1]!,
    count: bytes[at]! & 0x1f,
    padded,
  }
}

function readPacket(body: RtcpBody): RtcpPacket | undefined {
  switch (body.type) {
    case packetType.senderReport:
      return readSenderReport(body)
    case packetType.receiverReport:
      return readReceiverReport(body)
    case packetType.sdes:
      return readSdes(body)
    case packetType.bye:
      return readBye(body)
    case packetType.app:
      return skip('app', body)
    case packetType.extendedReport:
      return skip('xr', body)
    case packetType.transportFeedback:
      return readTransportFeedback(body)
    case packetType.payloadFeedback:
      return readPayloadFeedback(body)
    default:
      return undefined
  }
}

function readTransportFeedback(body: RtcpBody): RtcpPacket | undefined {
  if (body.count === nackFormat) return readNack(body)
  return body.count === transportCcFormat ? keepTransportCc(body) : undefined
}

// Whole: who knows what was sent reads it, and that is not here.
function keepTransportCc({ bytes, start, end }: RtcpBody): TransportCc | undefined {
  if (end - start < 16) return undefined
  return {
    kind: 'transport-cc',
    sender: bytes.readUInt32BE(start),
    media: bytes.readUInt32BE(start + 4),
    packet: bytes.subarray(start - 4, start + 4 * bytes.readUInt16BE(start - 2)),
  }
}

function readPayloadFeedback(body: RtcpBody): RtcpPacket | undefined {
  switch (body.count) {
    case pliFormat:
      return readPli(body)
    case firFormat:
      return readFir(body)
    case rembFormat:
      return readRemb(body)
    default:
      return undefined
  }
}

function skip(kind: SkippedPacket['kind'], { bytes, start, end }: RtcpBody) {
  return end - start >= 4 ? { kind, ssrc: bytes.readUInt32BE(start) } : undefined
}
