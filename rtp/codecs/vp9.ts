/** VP9 in RTP (RFC 9628). */

import { BitReader } from './bit-reader.ts'
import type { VideoSize } from './vp8.ts'

// First byte of the payload descriptor (RFC 9628 §4.2).
const flag = {
  pictureId: 0x80,
  predicted: 0x40,
  layers: 0x20,
  flexible: 0x10,
  beginning: 0x08,
  end: 0x04,
  structure: 0x02,
} as const

/**
 * Whether a keyframe starts in this payload: the beginning of a frame that is not predicted from
 * another picture, in the lowest spatial layer.
 */
export function isVp9Keyframe(bytes: Buffer, start: number, end: number): boolean {
  if (start >= end) return false
  const flags = bytes[start]!
  if (flags & flag.predicted || !(flags & flag.beginning)) return false
  if (!(flags & flag.layers)) return true
  const layers = layersStart(bytes, start, end)
  return layers < end && (bytes[layers]! & 0x0e) === 0
}

export interface Vp9Facts extends Partial<VideoSize> {
  /** 0–3. */
  readonly profile: number | undefined
  /** Bits of a sample: 8, with profiles 2 and 3 10 or 12. */
  readonly bitDepth?: number
}

/**
 * Profile and size told by a payload that `isVp9Keyframe` takes: the size of the highest spatial
 * layer from the scalability structure, else from the frame's own header.
 */
export function readVp9Keyframe(bytes: Buffer, start: number, end: number): Vp9Facts {
  const flags = bytes[start]!
  let at = layersStart(bytes, start, end)
  if (flags & flag.layers) at += flags & flag.flexible ? 1 : 2
  let size: VideoSize | undefined
  if (flags & flag.structure) {
    const structure = readStructure(bytes, at, end)
    if (!structure) return { profile: undefined }
    size = structure.size
    at = structure.end
  }
  const frame = readFrameHeader(bytes, at, end)
  if (!frame) return { profile: undefined, ...size }
  return { profile: frame.profile, bitDepth: frame.bitDepth, ...(size ?? frame.size) }
}

/** What a payload descriptor says of the layer's frame that the payload is of. */
export interface Vp9Descriptor {
  readonly begins: boolean
  readonly ends: boolean
  /** Behind its last byte: there the frame's own bytes are. */
  readonly end: number
}

/** @returns undefined for one that is cut off, or has nothing behind it */
export function vp9Descriptor(
  bytes: Buffer,
  start: number,
  end: number,
): Vp9Descriptor | undefined {
  if (start >= end) return undefined
  const flags = bytes[start]!
  const isFlexible = (flags & flag.flexible) !== 0
  let at = layersStart(bytes, start, end)
  if (flags & flag.layers) at += isFlexible ? 1 : 2
  if (isFlexible && flags & flag.predicted) at = behindReferences(bytes, at, end)
  if (flags & flag.structure) at = readStructure(bytes, at, end)?.end ?? end
  if (at >= end) return undefined
  return { begins: (flags & flag.beginning) !== 0, ends: (flags & flag.end) !== 0, end: at }
}

/** Up to three differences to the pictures referred to, the last one without the low bit. */
function behindReferences(bytes: Buffer, start: number, end: number): number {
  let at = start
  for (let count = 1; count < 3 && at < end && bytes[at]! & 1; count++) at++
  return at + 1
}

/** Behind the flags and the PictureID of 7 or 15 bits. */
function layersStart(bytes: Buffer, start: number, end: number): number {
  if (!(bytes[start]! & flag.pictureId)) return start + 1
  return start + 1 < end && bytes[start + 1]! & 0x80 ? start + 3 : start + 2
}

/** Scalability structure (RFC 9628 §4.2.1): |N_S 3|Y|G|-|-|-|, sizes, picture group. */
function readStructure(bytes: Buffer, start: number, end: number) {
  if (start >= end) return undefined
  const head = bytes[start]!
  const layers = (head >> 5) + 1
  let at = start + 1
  let size: VideoSize | undefined
  if (head & 0x10) {
    at += 4 * layers
    if (at > end) return undefined
    size = { width: bytes.readUInt16BE(at - 4), height: bytes.readUInt16BE(at - 2) }
  }
  if (head & 0x08) {
    if (at >= end) return undefined
    const pictures = bytes[at++]!
    for (let i = 0; i < pictures; i++) {
      if (at >= end) return undefined
      at += 1 + ((bytes[at]! >> 2) & 3)
    }
  }
  return at <= end ? { size, end: at } : undefined
}

/** Start of the uncompressed header of a keyframe (VP9 bitstream §6.2). */
function readFrameHeader(bytes: Buffer, start: number, end: number) {
  const reader = new BitReader(bytes, start, end)
  if (reader.bits(2) !== 2) return undefined
  const profile = reader.bit() + 2 * reader.bit()
  if (profile === 3) reader.skip(1)
  const showExisting = reader.flag()
  const interFrame = reader.flag()
  if (reader.overrun || showExisting || interFrame) return undefined
  // show_frame, error_resilient_mode, then the sync code.
  reader.skip(2)
  if (reader.bits(24) !== 0x498342) return undefined
  const bitDepth = readColor(reader, profile)
  const size = { width: reader.bits(16) + 1, height: reader.bits(16) + 1 }
  return { profile, bitDepth, size: reader.overrun ? undefined : size }
}

/** color_config (VP9 bitstream §6.2.2). @returns bits of a sample */
function readColor(reader: BitReader, profile: number): number {
  const highDepth = profile >= 2 && reader.flag() ? 12 : 10
  const rgb = reader.bits(3) === 7
  if (!rgb) reader.skip(1)
  // Subsampling and a reserved bit; RGB has only the latter.
  if (profile === 1 || profile === 3) reader.skip(rgb ? 1 : 3)
  return profile >= 2 ? highDepth : 8
}
