import { h264Nal } from '#rtp/codecs/h264.ts'

/** Types of SEI and of the access unit delimiter (ITU-T H.264 table 7-1). */
const sei = 6
const delimiter = 9

/** One picture as its NAL units, without start codes, in stream order. */
export interface AccessUnit {
  readonly nalUnits: readonly Buffer[]
  readonly keyframe: boolean
}

const startCode = Buffer.from([0, 0, 1])

/**
 * Splits a byte stream at its start codes (ITU-T H.264 annex B).
 *
 * @returns views of `stream`; zero bytes after a unit belong to no unit and are left out
 */
export function splitAnnexB(stream: Buffer): Buffer[] {
  const units: Buffer[] = []
  let code = stream.indexOf(startCode)
  while (code !== -1) {
    const start = code + startCode.length
    code = stream.indexOf(startCode, start)
    let end = code === -1 ? stream.length : code
    while (end > start && stream[end - 1] === 0) end--
    if (end > start) units.push(stream.subarray(start, end))
  }
  return units
}

/**
 * Groups NAL units into access units: at the delimiters where there are any, else where a first
 * slice or what may only stand before one follows a slice (ITU-T H.264 §7.4.1.2.3).
 */
export function accessUnits(nalUnits: readonly Buffer[]): AccessUnit[] {
  const units: AccessUnit[] = []
  let current: Buffer[] = []
  let hasSlice = false
  const finish = () => {
    if (hasSlice) units.push({ nalUnits: current, keyframe: current.some(isIdrSlice) })
    current = []
    hasSlice = false
  }
  for (const nalUnit of nalUnits) {
    if (hasSlice && startsAccessUnit(nalUnit)) finish()
    current.push(nalUnit)
    hasSlice ||= isSlice(nalUnit)
  }
  finish()
  return units
}

function typeOf(nalUnit: Buffer): number {
  return nalUnit[0]! & 0x1f
}

function isSlice(nalUnit: Buffer): boolean {
  const type = typeOf(nalUnit)
  return type >= h264Nal.slice && type <= h264Nal.idr
}

function isIdrSlice(nalUnit: Buffer): boolean {
  return typeOf(nalUnit) === h264Nal.idr
}

function startsAccessUnit(nalUnit: Buffer): boolean {
  const type = typeOf(nalUnit)
  // first_mb_in_slice is the first thing in a slice, and 0 is coded as a single 1 bit.
  if (type === h264Nal.slice || type === h264Nal.idr) return (nalUnit[1] ?? 0) >= 0x80
  if (type >= 14 && type <= 18) return true
  return type >= sei && type <= delimiter
}
