/** ITU-T H.264 table 7-1 and D.1.1: supplemental information of type "user data unregistered". */
const seiHeader = 6
const userData = 5
/** In place of a UUID: 16 bytes that nobody else writes. */
const name = Buffer.from('tailrace-capture')
/** Microseconds since 1970 in decimal: no two zero bytes in a row, which would want escaping. */
const digits = 16
const payloadSize = name.length + digits
/** Bits behind the payload (H.264 §7.3.2.11). */
const trailing = 0x80

/**
 * A NAL unit that says when its picture was captured. Decoders pass over it and servers pass it
 * on, so that a viewer who decrypts it knows the age of each picture whatever the server's sender
 * reports say.
 *
 * @param wall ms since the Unix epoch
 */
export function writeCaptureMark(wall: number): Buffer {
  const text = String(Math.round(wall * 1000)).padStart(digits, '0')
  return Buffer.concat([
    Buffer.from([seiHeader, userData, payloadSize]),
    name,
    Buffer.from(text),
    Buffer.from([trailing]),
  ])
}

/**
 * @param start of an RTP payload in `bytes`, and its end
 * @returns ms since the Unix epoch; undefined for any other payload
 */
export function readCaptureMark(bytes: Buffer, start: number, end: number): number | undefined {
  if (end - start !== 3 + payloadSize + 1 || bytes[start] !== seiHeader) return undefined
  const from = start + 3
  if (bytes.compare(name, 0, name.length, from, from + name.length) !== 0) return undefined
  const text = bytes.toString('latin1', from + name.length, from + payloadSize)
  return /^\d+$/.test(text) ? Number(text) / 1000 : undefined
}
