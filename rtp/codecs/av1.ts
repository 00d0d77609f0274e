/** AV1 in RTP (AOMedia RTP payload format 1.0). */

/** OBU types (AV1 §6.2.2). */
const sequenceHeader = 1

/**
 * Whether a coded video sequence starts in this payload: the N bit says so, or a sequence header
 * is there. The aggregation header (§4.4) is |Z|Y| W |N|-|-|-|.
 */
export function isAv1Keyframe(bytes: Buffer, start: number, end: number): boolean {
  if (start + 1 >= end) return false
  const continues = (bytes[start]! & 0x80) !== 0
  if (bytes[start]! & 0x08) return !continues
  return sequenceHeaderStart(bytes, start, end) !== undefined
}

/**
 * Offset of the OBU header of the first sequence header in this payload. Its element's end is not
 * told: a parser that reads bits stops by itself.
 */
export function sequenceHeaderStart(bytes: Buffer, start: number, end: number): number | undefined {
  if (start >= end) return undefined
  const aggregation = bytes[start]!
  const count = (aggregation >> 4) & 3
  let at = start + 1
  for (let index = 1; at < end; index++) {
    // With a count, the last element has no length and goes to the end (§4.4).
    const length = index === count ? end - at : leb128(bytes, at, end)
    if (length === undefined) return undefined
    if (index !== count) at += leb128Size(bytes, at, end)
    if (at + length > end) return undefined
    // The first element of a packet with Z set is the rest of an OBU, without a header.
    const isStart = index > 1 || !(aggregation & 0x80)
    if (isStart && length > 0 && ((bytes[at]! >> 3) & 0x0f) === sequenceHeader) return at
    at += length
  }
  return undefined
}

/** Offset of an OBU's payload, behind its header, extension and size (AV1 §5.3). */
export function obuPayloadStart(bytes: Buffer, obu: number, end: number): number {
  const header = bytes[obu]!
  const at = obu + (header & 0x04 ? 2 : 1)
  return header & 0x02 ? at + leb128Size(bytes, at, end) : at
}

/** A number of 7 bits a byte, low ones first (AV1 §4.10.5); undefined if cut off or over 32 bits. */
export function leb128(bytes: Buffer, start: number, end: number): number | undefined {
  let value = 0
  for (let i = 0; i < 8 && start + i < end; i++) {
    const byte = bytes[start + i]!
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (!(byte & 0x80)) return value < 2 ** 32 ? value : undefined
  }
  return undefined
}

/** Bytes of such a number, as far as they are there. */
export function leb128Size(bytes: Buffer, start: number, end: number): number {
  let size = 1
  while (start + size < end && size < 8 && bytes[start + size - 1]! & 0x80) size++
  return size
}
