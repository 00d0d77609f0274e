/** H.264 in RTP (RFC 6184), packetization modes 0 and 1. */

import type { NalVisitor } from './nal-visitor.ts'

export const h264Nal = { slice: 1, idr: 5, sps: 7, pps: 8 } as const

const stapA = 24
const fuA = 28

/**
 * Shows the NAL units that begin in this payload to `visit`: that of a single NAL packet, each
 * of a STAP-A up to where it is cut off, the first fragment of an FU-A.
 *
 * @returns whether `visit` ended it by returning true
 */
export function visitH264(bytes: Buffer, start: number, end: number, visit: NalVisitor): boolean {
  if (start >= end) return false
  const type = bytes[start]! & 0x1f
  if (type >= 1 && type <= 23) return visit(type, start + 1, end, true)
  if (type === stapA) return visitStapA(bytes, start + 1, end, visit)
  if (type !== fuA || start + 2 > end) return false
  const header = bytes[start + 1]!
  // Start and end in one fragment is illegal (RFC 6184 §5.8).
  return header >> 6 === 2 && visit(header & 0x1f, start + 2, end, false)
}

function visitStapA(bytes: Buffer, start: number, end: number, visit: NalVisitor): boolean {
  let at = start
  while (at + 2 < end) {
    const nal = at + 2
    const next = nal + bytes.readUInt16BE(at)
    if (next > end) return false
    if (next > nal && visit(bytes[nal]! & 0x1f, nal + 1, next, true)) return true
    at = next
  }
  return false
}

const startsKeyframe: NalVisitor = (type) => type === h264Nal.idr || type === h264Nal.sps

/**
 * Whether an IDR picture, or the SPS before one, begins in this payload. A keyframe has several
 * such packets (parameter sets, slices): the frame starts with the first packet of their
 * timestamp, which may hold a delimiter or SEI.
 */
export function isH264Keyframe(bytes: Buffer, start: number, end: number): boolean {
  return visitH264(bytes, start, end, startsKeyframe)
}
