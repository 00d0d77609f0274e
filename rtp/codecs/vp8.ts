/** VP8 in RTP (RFC 7741). */

export interface VideoSize {
  readonly width: number
  readonly height: number
}

/**
 * Bytes of the payload descriptor (RFC 7741 §4.2):
 *
 *   |X|R|N|S|R| PID | |I|L|T|K| RSV   | |M| PictureID (7 or 15) | |TL0PICIDX| |TID|Y| KEYIDX |
 */
export function vp8DescriptorSize(bytes: Buffer, start: number, end: number): number {
  if (start >= end || !(bytes[start]! & 0x80)) return 1
  const flags = start + 1 < end ? bytes[start + 1]! : 0
  let size = 2
  if (flags & 0x80) size += start + size < end && bytes[start + size]! & 0x80 ? 2 : 1
  if (flags & 0x40) size++
  if (flags & 0x30) size++
  return size
}

/** Offset of the frame's first byte if a keyframe starts here. */
function keyframeStart(bytes: Buffer, start: number, end: number): number | undefined {
  if (!isVp8FrameStart(bytes, start, end)) return undefined
  const frame = start + vp8DescriptorSize(bytes, start, end)
  // The low bit of a frame is 0 for a keyframe (RFC 6386 §9.1).
  return frame < end && !(bytes[frame]! & 1) ? frame : undefined
}

/** Whether a frame starts in this payload: the start of its first partition. */
export function isVp8FrameStart(bytes: Buffer, start: number, end: number): boolean {
  return start < end && (bytes[start]! & 0x17) === 0x10
}

/** Whether the first partition of a keyframe starts in this payload. */
export function isVp8Keyframe(bytes: Buffer, start: number, end: number): boolean {
  return keyframeStart(bytes, start, end) !== undefined
}

/** Size told by a keyframe's header, without scaling; undefined in any other payload. */
export function vp8Size(bytes: Buffer, start: number, end: number): VideoSize | undefined {
  const frame = keyframeStart(bytes, start, end)
  if (frame === undefined || frame + 10 > end) return undefined
  if (bytes.readUIntBE(frame + 3, 3) !== 0x9d012a) return undefined
  return {
    width: bytes.readUInt16LE(frame + 6) & 0x3fff,
    height: bytes.readUInt16LE(frame + 8) & 0x3fff,
  }
}
