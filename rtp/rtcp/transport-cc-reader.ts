import { packetType } from './header.ts'
import {
  type Arrival,
  symbol,
  type TransportFeedback,
  ticksPerReference,
  transportCcFormat,
} from './transport-cc.ts'

/** Bytes of header, SSRCs and what the FCI has before the chunks. */
const fixedSize = 20

/**
 * Reads transport-wide feedback, strictly: a packet with a reserved symbol, without a delta for
 * each arrival or with bytes left over says nothing certain about any packet.
 *
 * The work is bounded by the bytes there are, not by the 65,535 packets that a few chunks can
 * name: losses are counted, never listed.
 *
 * @param bytes the packet, header included, and nothing behind it
 */
export function readTransportCc(bytes: Buffer): TransportFeedback | undefined {
  const end = endOf(bytes)
  if (end === undefined || end < fixedSize) return undefined
  const fixed = {
    baseSequence: bytes.readUInt16BE(12),
    statusCount: bytes.readUInt16BE(14),
    referenceTime: bytes.readIntBE(16, 3),
    feedbackCount: bytes[19]!,
  }
  const chunks = readChunks(bytes, fixedSize, end, fixed.statusCount)
  if (!chunks) return undefined
  const deltas = readDeltas(bytes, chunks.end, end, { ...fixed, arrived: chunks.arrived })
  // Old senders fill up to 32 bits with zeros without saying so in the P bit.
  if (!deltas || !isTail(bytes, deltas.end, end)) return undefined
  return { ...fixed, arrivals: deltas.arrivals }
}

/** Where the padding begins, of a packet that is what it says and as long as it says. */
function endOf(bytes: Buffer): number | undefined {
  if (bytes.length < 4 || bytes.length !== 4 + 4 * bytes.readUInt16BE(2)) return undefined
  const isFeedback =
    bytes[0]! >> 6 === 2 &&
    (bytes[0]! & 0x1f) === transportCcFormat &&
    bytes[1] === packetType.transportFeedback
  if (!isFeedback) return undefined
  if (!isPadded(bytes)) return bytes.length
  // By single bytes, so a multiple of 4 is not asked for.
  const padding = bytes[bytes.length - 1]!
  return padding === 0 ? undefined : bytes.length - padding
}

function isPadded(bytes: Buffer): boolean {
  return (bytes[0]! & 0x20) !== 0
}

interface Status {
  /** Places from the base sequence number. */
  readonly index: number
  readonly large: boolean
}

/** Chunks until every status is said; the last may say more, which means nothing. */
function readChunks(bytes: Buffer, start: number, end: number, statusCount: number) {
  const arrived: Status[] = []
  let at = start
  for (let index = 0; index < statusCount; at += 2) {
    if (at + 2 > end) return undefined
    const chunk = bytes.readUInt16BE(at)
    const last = Math.min(index + chunkLength(chunk), statusCount)
    // Each arrival takes at least one byte of delta: more arrivals than bytes are a lie.
    if (
      chunk >> 13 !== symbol.lost &&
      !readSymbols(chunk, { index, last, room: end - at, arrived })
    ) {
      return undefined
    }
    index = last
  }
  return { arrived, end: at }
}

/** Adds the arrivals of one chunk; false for a reserved symbol or more than `room` arrivals. */
function readSymbols(
  chunk: number,
  span: { index: number; last: number; room: number; arrived: Status[] },
): boolean {
  for (let index = span.index; index < span.last; index++) {
    const status = symbolAt(chunk, index - span.index)
    if (status > symbol.large || span.arrived.length > span.room) return false
    if (status !== symbol.lost) span.arrived.push({ index, large: status === symbol.large })
  }
  return true
}

function chunkLength(chunk: number): number {
  if (chunk & 0x8000) return chunk & 0x4000 ? 7 : 14
  return chunk & 0x1fff
}

function symbolAt(chunk: number, place: number): number {
  if (!(chunk & 0x8000)) return chunk >> 13
  return chunk & 0x4000 ? (chunk >> (12 - 2 * place)) & 3 : (chunk >> (13 - place)) & 1
}

function readDeltas(
  bytes: Buffer,
  start: number,
  end: number,
  feedback: Pick<TransportFeedback, 'baseSequence' | 'referenceTime'> & {
    readonly arrived: readonly Status[]
  },
) {
  const arrivals: Arrival[] = []
  let arrivedAt = feedback.referenceTime * ticksPerReference
  let at = start
  for (const { index, large } of feedback.arrived) {
    const next = at + (large ? 2 : 1)
    if (next > end) return undefined
    arrivedAt += large ? bytes.readInt16BE(at) : bytes[at]!
    arrivals.push({ sequenceNumber: (feedback.baseSequence + index) & 0xffff, arrivedAt })
    at = next
  }
  return { arrivals, end: at }
}

function isTail(bytes: Buffer, start: number, end: number): boolean {
  if (isPadded(bytes)) return start === end
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return end - start < 4
}
