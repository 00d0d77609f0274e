import { newFeedback, packetType } from './header.ts'

/**
 * When packets of a transport arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
 */
export interface TransportFeedback {
  /** Transport-wide number of the first packet reported on, 16 bits. */
  readonly baseSequence: number
  /** How many numbers from there on are reported on, arrived or not. */
  readonly statusCount: number
  /** In 64 ms, signed 24 bits; any epoch, and it wraps. */
  readonly referenceTime: number
  /** One up per feedback, 8 bits: a gap means that one was lost. */
  readonly feedbackCount: number
  /** The packets that arrived, in order of their numbers. */
  readonly arrivals: readonly Arrival[]
}

export interface Arrival {
  /** 16 bits. */
  readonly sequenceNumber: number
  /** In ticks of 250 µs, on the scale where `referenceTime` is 256 times itself. */
  readonly arrivedAt: number
}

export interface TransportCc {
  readonly kind: 'transport-cc'
  readonly sender: number
  readonly media: number
  /** With its header; `readTransportCc` reads it. Borrowed. */
  readonly packet: Buffer
}

export const transportCcFormat = 15

/** Ticks of `Arrival.arrivedAt` in one unit of the reference time. */
export const ticksPerReference = 256

/** Status symbols; 3 is reserved. A large delta is two bytes, signed. */
export const symbol = { lost: 0, small: 1, large: 2 } as const

/** Numbers that one run-length chunk can cover. */
const maxRun = 0x1fff

/** Bytes of the FCI before the chunks. */
const fixedSize = 8

/**
 * Chooses per chunk: a run where it covers at least as much as a vector would, else 14
 * one-bit symbols while no delta is large, else 7 two-bit symbols. The tail is padded with zeros
 * and the last one counts them, with the P bit set.
 *
 * @throws RangeError if two neighbouring arrivals lie more than 8.19 s apart, or they are not in
 *   order within `statusCount`
 */
export function writeTransportCc(
  sender: number,
  media: number,
  feedback: TransportFeedback,
): Buffer {
  const { symbols, deltas } = encodeArrivals(feedback)
  const chunks = encodeChunks(symbols)
  const used = fixedSize + 2 * chunks.length + deltas.length
  const fciSize = Math.ceil(used / 4) * 4

  const packet = newFeedback(packetType.transportFeedback, transportCcFormat, {
    sender,
    media,
    fciSize,
  })
  packet.writeUInt16BE(feedback.baseSequence, 12)
  packet.writeUInt16BE(feedback.statusCount, 14)
  packet.writeIntBE(feedback.referenceTime, 16, 3)
  packet[19] = feedback.feedbackCount
  let at = 12 + fixedSize
  for (const chunk of chunks) at = packet.writeUInt16BE(chunk, at)
  packet.set(deltas, at)
  if (fciSize > used) {
    packet[0]! |= 0x20
    packet[packet.length - 1] = fciSize - used
  }
  return packet
}

/** One symbol per number, and the bytes of the deltas. */
function encodeArrivals({ baseSequence, statusCount, referenceTime, arrivals }: TransportFeedback) {
  const symbols = new Uint8Array(statusCount)
  const deltas: number[] = []
  let previous = referenceTime * ticksPerReference
  let nextIndex = 0
  for (const { sequenceNumber, arrivedAt } of arrivals) {
    const index = (sequenceNumber - baseSequence) & 0xffff
    const delta = arrivedAt - previous
    if (index < nextIndex || index >= statusCount) {
      throw new RangeError(`arrival ${sequenceNumber} is out of place`)
    }
    if (delta < -0x8000 || delta > 0x7fff) throw new RangeError(`a delta of ${delta} ticks`)
    const small = delta >= 0 && delta <= 0xff
    symbols[index] = small ? symbol.small : symbol.large
    if (small) deltas.push(delta)
    else deltas.push((delta >> 8) & 0xff, delta & 0xff)
    previous = arrivedAt
    nextIndex = index + 1
  }
  return { symbols, deltas }
}

function encodeChunks(symbols: Uint8Array): number[] {
  const chunks: number[] = []
  let at = 0
  while (at < symbols.length) {
    const run = runLength(symbols, at)
    const oneBit = oneBitLength(symbols, at)
    // A run that reaches the end, or is as long as a vector, is the cheapest and the plainest.
    if (run >= Math.max(oneBit, 7) || at + run === symbols.length) {
      chunks.push((symbols[at]! << 13) | run)
      at += run
    } else if (oneBit === 14 || at + oneBit === symbols.length) {
      chunks.push(0x8000 | pack(symbols, at, { count: 14, bits: 1 }))
      at += 14
    } else {
      chunks.push(0xc000 | pack(symbols, at, { count: 7, bits: 2 }))
      at += 7
    }
  }
  return chunks
}

function runLength(symbols: Uint8Array, from: number): number {
  const last = Math.min(symbols.length, from + maxRun)
  let at = from
  while (at < last && symbols[at] === symbols[from]) at++
  return at - from
}

/** How many of the next 14 symbols one bit each can say. */
function oneBitLength(symbols: Uint8Array, from: number): number {
  const last = Math.min(symbols.length, from + 14)
  let at = from
  while (at < last && symbols[at] !== symbol.large) at++
  return at - from
}

/** First symbol in the high bits; what lies behind the last symbol is zero. */
function pack(symbols: Uint8Array, from: number, { count, bits }: { count: number; bits: number }) {
  let packed = 0
  for (let i = 0; i < count; i++) packed = (packed << bits) | (symbols[from + i] ?? 0)
  return packed
}
