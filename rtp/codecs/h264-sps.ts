import { BitReader } from './bit-reader.ts'

/** What a sequence parameter set says (H.264 §7.3.2.1.1). */
export interface H264Sps {
  readonly id: number
  /** profile_idc, constraint flags and level_idc in hex, as in `a=fmtp` (RFC 6184 §8.1). */
  readonly profileLevelId: string
  /** In tenths, 30 for level 3.0. */
  readonly level: number
  /** In luma samples, after cropping. */
  readonly width: number
  readonly height: number
  /**
   * How many frames may come before one that is shown earlier: over 0 means B-frames. Undefined
   * where the stream does not say.
   */
  readonly maxReorderedFrames: number | undefined
}

/** Profiles whose SPS has the chroma and scaling fields. */
const highProfiles = new Set([44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244])

/** aspect_ratio_idc that is followed by a ratio. */
const extendedRatio = 255

/** A size over this is no video but a misread. */
const maxMacroblocks = 1024

/** @param start behind the NAL header; undefined if the bytes are no whole SPS */
export function readH264Sps(bytes: Buffer, start: number, end: number): H264Sps | undefined {
  const reader = new BitReader(bytes, start, end, true)
  const profile = reader.bits(8)
  const constraints = reader.bits(8)
  const level = reader.bits(8)
  const id = reader.ue()
  const chromaFormat = highProfiles.has(profile) ? readChroma(reader) : 1
  reader.ue()
  skipPictureOrder(reader)
  reader.ue()
  reader.skip(1)
  const macroblocksWide = reader.ue() + 1
  const mapUnitsHigh = reader.ue() + 1
  const frameOnly = reader.flag()
  if (!frameOnly) reader.skip(1)
  reader.skip(1)
  const crop = readCrop(reader)
  if (reader.overrun || id > 31 || Math.max(macroblocksWide, mapUnitsHigh) > maxMacroblocks) {
    return undefined
  }
  // Cropping counts in chroma samples, and for fields in pairs of lines (§7.4.2.1.1).
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1
  const cropY = (chromaFormat === 1 ? 2 : 1) * (frameOnly ? 1 : 2)
  const width = macroblocksWide * 16 - crop.x * cropX
  const height = mapUnitsHigh * 16 * (frameOnly ? 1 : 2) - crop.y * cropY
  if (width <= 0 || height <= 0) return undefined
  return {
    id,
    profileLevelId: [profile, constraints, level]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(''),
    level,
    width,
    height,
    maxReorderedFrames: reader.flag() ? readReordering(reader) : undefined,
  }
}

/** @returns chroma_format_idc */
function readChroma(reader: BitReader): number {
  const format = reader.ue()
  if (format === 3) reader.skip(1)
  reader.ue()
  reader.ue()
  reader.skip(1)
  const scaling = reader.flag()
  for (let list = 0; scaling && list < (format === 3 ? 12 : 8); list++) {
    if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64)
  }
  return format
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8
  let next = 8
  for (let i = 0; i < size && next !== 0; i++) {
    next = (last + reader.se() + 256) & 0xff
    last = next === 0 ? last : next
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.ue()
  if (type === 0) reader.ue()
  if (type !== 1) return
  reader.skip(1)
  reader.ue()
  reader.ue()
  for (let cycle = Math.min(reader.ue(), 255); cycle > 0; cycle--) reader.ue()
}

/** Sums of both sides, in crop units. */
function readCrop(reader: BitReader): { x: number; y: number } {
  if (!reader.flag()) return { x: 0, y: 0 }
  return { x: reader.ue() + reader.ue(), y: reader.ue() + reader.ue() }
}

/** Up to bitstream_restriction in the VUI (H.264 §E.1.1); what is cut off says nothing. */
function readReordering(reader: BitReader): number | undefined {
  if (reader.flag() && reader.bits(8) === extendedRatio) reader.skip(32)
  if (reader.flag()) reader.skip(1)
  // Video signal type, with a colour description behind it.
  if (reader.flag()) {
    reader.skip(4)
    if (reader.flag()) reader.skip(24)
  }
  if (reader.flag()) {
    reader.ue()
    reader.ue()
  }
  // Timing: two 32-bit numbers and a flag.
  if (reader.flag()) reader.skip(65)
  const nalHrd = reader.flag()
  if (nalHrd) skipHrd(reader)
  const vclHrd = reader.flag()
  if (vclHrd) skipHrd(reader)
  if (nalHrd || vclHrd) reader.skip(1)
  reader.skip(1)
  if (!reader.flag()) return undefined
  reader.skip(1)
  for (let field = 0; field < 4; field++) reader.ue()
  const reordered = reader.ue()
  return reader.overrun ? undefined : reordered
}

/** hrd_parameters (H.264 §E.1.2). */
function skipHrd(reader: BitReader): void {
  const count = Math.min(reader.ue(), 31) + 1
  reader.skip(8)
  for (let i = 0; i < count; i++) {
    reader.ue()
    reader.ue()
    reader.skip(1)
  }
  reader.skip(20)
}
