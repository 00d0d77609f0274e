/** The few forms of DER (X.690) that a self-signed certificate needs. All return whole elements. */

const tag = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: 0xa0,
} as const

export const sequence = (...elements: readonly Buffer[]): Buffer => element(tag.sequence, elements)
export const set = (...elements: readonly Buffer[]): Buffer => element(tag.set, elements)
export const utf8String = (text: string): Buffer => element(tag.utf8String, [Buffer.from(text)])

/** A bit string of whole bytes. */
export const bitString = (bytes: Buffer): Buffer => element(tag.bitString, [Buffer.of(0), bytes])

/** `[number] EXPLICIT`. */
export const explicit = (number: number, inner: Buffer): Buffer =>
  element(tag.context + number, [inner])

/** @param magnitude big-endian, unsigned; leading zeros are dropped */
export function integer(magnitude: Buffer): Buffer {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const digits = magnitude.subarray(start)
  // A set high bit would read as negative.
  return element(tag.integer, digits[0]! & 0x80 ? [Buffer.of(0), digits] : [digits])
}

/** @param arcs for example `[1, 2, 840, 10045, 4, 3, 2]` */
export function oid(arcs: readonly number[]): Buffer {
  const [first, second, ...rest] = arcs
  const bytes = [first! * 40 + second!]
  for (const arc of rest) {
    const digits = [arc & 0x7f]
    for (let more = arc >>> 7; more > 0; more >>>= 7) digits.unshift((more & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return element(tag.oid, [Buffer.from(bytes)])
}

/**
 * UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5).
 * @param wall milliseconds since the Unix epoch; the fraction of a second is cut
 */
export function time(wall: number): Buffer {
  const digits = `${new Date(wall).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`
  return digits < '2050'
    ? element(tag.utcTime, [Buffer.from(digits.slice(2))])
    : element(tag.generalizedTime, [Buffer.from(digits)])
}

function element(tagByte: number, contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.of(tagByte), lengthOctets(length), ...contents])
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  if (length < 0x100) return Buffer.of(0x81, length)
  return Buffer.of(0x82, length >> 8, length & 0xff)
}
