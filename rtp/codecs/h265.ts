/** H.265 in RTP (RFC 7798), without DONL fields (sprop-max-don-diff is 0 in WebRTC). */

import type { NalVisitor } from './nal-visitor.ts'

export const h265Nal = { vps: 32, sps: 33, pps: 34 } as const

const aggregation = 48
const fragment = 49

/**
 * Shows the NAL units that begin in this payload to `visit`: that of a single NAL packet, each
 * of an aggregation up to where it is cut off, the first fragment of a fragmented one.
 *
 * @returns whether `visit` ended it by returning true
 */
export function visitH265(bytes: Buffer, start: number, end: number, visit: NalVisitor): boolean {
  if (start + 2 > end) return false
  const type = nalType(bytes[start]!)
  if (type < aggregation) return visit(type, start + 2, end, true)
  if (type === aggregation) return visitAggregation(bytes, start + 2, end, visit)
  if (type !== fragment || start + 3 > end) return false
  const header = bytes[start + 2]!
  // Start and end in one fragment is illegal (RFC 7798 §4.4.3).
  return header >> 6 === 2 && visit(header & 0x3f, start + 3, end, false)
}

function visitAggregation(bytes: Buffer, start: number, end: number, visit: NalVisitor): boolean {
  let at = start
  while (at + 2 < end) {
    const nal = at + 2
    const next = nal + bytes.readUInt16BE(at)
    if (next > end) return false
    if (next >= nal + 2 && visit(nalType(bytes[nal]!), nal + 2, next, true)) return true
    at = next
  }
  return false
}

function nalType(firstByte: number): number {
  return (firstByte >> 1) & 0x3f
}

/** BLA, IDR and CRA pictures (H.265 table 7-1). */
export function isRandomAccess(type: number): boolean {
  return type >= 16 && type <= 21
}

const startsKeyframe: NalVisitor = (type) =>
  isRandomAccess(type) || (type >= h265Nal.vps && type <= h265Nal.pps)

/** Whether a random access picture, or a parameter set before one, begins in this payload. */
export function isH265Keyframe(bytes: Buffer, start: number, end: number): boolean {
  return visitH265(bytes, start, end, startsKeyframe)
}
