/** Fields of TLS messages (RFC 5246 §4): big-endian numbers, and vectors behind their length. */

export const uint8 = (value: number): Buffer => Buffer.of(value)

export const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff)

export const uint24 = (value: number): Buffer =>
  Buffer.of(value >> 16, (value >> 8) & 0xff, value & 0xff)

export const vector8 = (...parts: readonly Buffer[]): Buffer => behindLength(uint8, parts)
export const vector16 = (...parts: readonly Buffer[]): Buffer => behindLength(uint16, parts)
export const vector24 = (...parts: readonly Buffer[]): Buffer => behindLength(uint24, parts)

/** A vector of 16-bit numbers with a 16-bit length. */
export const uint16Vector = (values: readonly number[]): Buffer =>
  vector16(...values.map((value) => uint16(value)))

function behindLength(prefix: (length: number) => Buffer, parts: readonly Buffer[]): Buffer {
  const contents = Buffer.concat(parts)
  return Buffer.concat([prefix(contents.length), contents])
}
