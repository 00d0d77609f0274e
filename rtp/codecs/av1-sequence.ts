import { obuPayloadStart, sequenceHeaderStart } from './av1.ts'
import { BitReader } from './bit-reader.ts'

/** What a sequence header says of its first operating point, the whole stream (AV1 §5.5). */
interface Av1Sequence {
  readonly profile: number
  /** seq_level_idx: `level-idx` of the RTP payload format, 5 for 3.1. */
  readonly level: number
  readonly tier: number
  readonly width: number
  readonly height: number
  /** Bits of a sample: 8 or 10, with profile 2 also 12. */
  readonly bitDepth: number
}

/** The sequence header of an RTP payload, if there is one. */
export function readAv1Sequence(bytes: Buffer, start: number, end: number) {
  const obu = sequenceHeaderStart(bytes, start, end)
  if (obu === undefined) return undefined
  const reader = new BitReader(bytes, obuPayloadStart(bytes, obu, end), end)
  const profile = reader.bits(3)
  // Still pictures have no place in a stream; their reduced header has a form of its own.
  reader.skip(1)
  const reduced = reader.flag()
  const { level, tier } = reduced ? { level: reader.bits(5), tier: 0 } : readOperation(reader)
  const widthBits = reader.bits(4) + 1
  const heightBits = reader.bits(4) + 1
  const size = { width: reader.bits(widthBits) + 1, height: reader.bits(heightBits) + 1 }
  skipTools(reader, reduced)
  const bitDepth = readBitDepth(reader, profile)
  if (reader.overrun) return undefined
  return { profile, level, tier, ...size, bitDepth } satisfies Av1Sequence
}

/** From the frame ids to the loop filters. */
function skipTools(reader: BitReader, reduced: boolean): void {
  if (!reduced && reader.flag()) reader.skip(4 + 3)
  // Superblocks of 128, and two tools of intra prediction.
  reader.skip(3)
  if (!reduced) skipInterTools(reader)
  reader.skip(3)
}

function skipInterTools(reader: BitReader): void {
  reader.skip(4)
  const orderHint = reader.flag()
  if (orderHint) reader.skip(2)
  // Screen content tools are chosen frame by frame, or there is one bit of them.
  const screenContent = reader.flag() || reader.flag()
  if (screenContent && !reader.flag()) reader.skip(1)
  if (orderHint) reader.skip(3)
}

/** The beginning of color_config (AV1 §5.5.2). */
function readBitDepth(reader: BitReader, profile: number): number {
  if (!reader.flag()) return 8
  return profile === 2 && reader.flag() ? 12 : 10
}

/** Level and tier of operating point 0, stepping over timing and the other points. */
function readOperation(reader: BitReader): { level: number; tier: number } {
  const timing = readTiming(reader)
  const initialDelay = reader.flag()
  const points = reader.bits(5) + 1
  let first = { level: 0, tier: 0 }
  for (let point = 0; point < points; point++) {
    reader.skip(12)
    const level = reader.bits(5)
    const tier = level > 7 ? reader.bit() : 0
    if (point === 0) first = { level, tier }
    // Two delays of so many bits, and low_delay_mode_flag.
    if (timing.decoderModel && reader.flag()) reader.skip(2 * timing.delayBits + 1)
    if (initialDelay && reader.flag()) reader.skip(4)
  }
  return first
}

/** timing_info and decoder_model_info (AV1 §5.5.3, §5.5.4). */
function readTiming(reader: BitReader): { decoderModel: boolean; delayBits: number } {
  if (!reader.flag()) return { decoderModel: false, delayBits: 0 }
  reader.skip(64)
  // Equal picture intervals: their length is an uvlc, coded like ue(v).
  if (reader.flag()) reader.ue()
  if (!reader.flag()) return { decoderModel: false, delayBits: 0 }
  const delayBits = reader.bits(5) + 1
  reader.skip(32 + 5 + 5)
  return { decoderModel: true, delayBits }
}
