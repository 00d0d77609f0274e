import { BitReader } from './bit-reader.ts'
import { h264Nal, visitH264 } from './h264.ts'
import { readH264Sps } from './h264-sps.ts'
import type { NalSyntax, ParameterSet } from './nal-inspector.ts'

/** Codes of B in slice_type: one, and "all slices of this picture" (H.264 table 7-6). */
const bSlice = 1
const allBSlices = 6

export const h264Syntax: NalSyntax = {
  headerSize: 1,
  parameterSets: [h264Nal.sps, h264Nal.pps],
  isKeyframe: (type) => type === h264Nal.idr,
  visit: visitH264,
  readParameterSet: (type, bytes, start, end) =>
    type === h264Nal.sps ? readSps(bytes, start, end) : readPps(bytes, start, end),
  isReordered: (type, bytes, start, end) => type === h264Nal.slice && isBSlice(bytes, start, end),
}

function readSps(bytes: Buffer, start: number, end: number): ParameterSet | undefined {
  const sps = readH264Sps(bytes, start, end)
  if (!sps) return undefined
  const { id, profileLevelId, level, width, height, maxReorderedFrames } = sps
  const reordered = (maxReorderedFrames ?? 0) > 0
  return { id, facts: { profile: profileLevelId, level, width, height, reordered } }
}

function readPps(bytes: Buffer, start: number, end: number): ParameterSet | undefined {
  const reader = new BitReader(bytes, start, end, true)
  const id = reader.ue()
  return reader.overrun || id > 255 ? undefined : { id }
}

/** A slice header begins with first_mb_in_slice and slice_type (H.264 §7.3.3). */
function isBSlice(bytes: Buffer, start: number, end: number): boolean {
  const reader = new BitReader(bytes, start, end, true)
  reader.ue()
  const type = reader.ue()
  return !reader.overrun && (type === bSlice || type === allBSlices)
}
