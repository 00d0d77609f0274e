import { BitReader } from './bit-reader.ts'

/** What a sequence parameter set says (H.265 §7.3.2.2). */
export interface H265Sps {
  readonly id: number
  /** general_profile_idc, `profile-id` of RFC 7798 §7.1. */
  readonly profile: number
  /** 1 for the high tier. */
  readonly tier: number
  /** Thirty times the level: 93 for 3.1. */
  readonly level: number
  /** In luma samples, within the conformance window. */
  readonly width: number
  readonly height: number
  /** Over 0 means that frames come in another order than they are shown. */
  readonly maxReorderedFrames: number
}

/** A size over this is no video but a misread. */
const maxSize = 16_384

/** @param start behind the two bytes of NAL header; undefined if the bytes are no whole SPS */
export function readH265Sps(bytes: Buffer, start: number, end: number): H265Sps | undefined {
  const reader = new BitReader(bytes, start, end, true)
  reader.skip(4)
  const subLayers = reader.bits(3)
  reader.skip(1)
  const profile = readProfile(reader, subLayers)
  const id = reader.ue()
  const chromaFormat = reader.ue()
  if (chromaFormat === 3) reader.skip(1)
  const size = { width: reader.ue(), height: reader.ue() }
  const crop = readWindow(reader)
  // Bit depths and the length of the picture order count.
  for (let field = 0; field < 3; field++) reader.ue()
  const maxReorderedFrames = readReordering(reader, subLayers)

  const width = size.width - crop.x * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1)
  const height = size.height - crop.y * (chromaFormat === 1 ? 2 : 1)
  if (reader.overrun || id > 15 || Math.max(width, height) > maxSize) return undefined
  if (width <= 0 || height <= 0) return undefined
  return { id, ...profile, width, height, maxReorderedFrames }
}

/** profile_tier_level (H.265 §7.3.3), without what it says of sub-layers. */
function readProfile(reader: BitReader, subLayers: number) {
  reader.skip(2)
  const tier = reader.bit()
  const profile = reader.bits(5)
  // Compatibility flags, then constraint flags and reserved bits.
  reader.skip(32 + 48)
  const level = reader.bits(8)
  const present: { profile: boolean; level: boolean }[] = []
  for (let i = 0; i < subLayers; i++) present.push({ profile: reader.flag(), level: reader.flag() })
  // The flags are filled up to eight pairs as soon as there are any.
  if (subLayers > 0) reader.skip(2 * (8 - subLayers))
  for (const layer of present) reader.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0))
  return { profile, tier, level }
}

/** Sums of both sides of the conformance window, in chroma samples. */
function readWindow(reader: BitReader): { x: number; y: number } {
  if (!reader.flag()) return { x: 0, y: 0 }
  return { x: reader.ue() + reader.ue(), y: reader.ue() + reader.ue() }
}

/** sps_max_num_reorder_pics of the highest sub-layer, which is the last one told. */
function readReordering(reader: BitReader, subLayers: number): number {
  const told = reader.flag() ? subLayers + 1 : 1
  let reordered = 0
  for (let i = 0; i < told; i++) {
    reader.ue()
    reordered = reader.ue()
    reader.ue()
  }
  return reordered
}
