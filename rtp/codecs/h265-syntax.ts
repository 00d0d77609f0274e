import { BitReader } from './bit-reader.ts'
import { h265Nal, isRandomAccess, visitH265 } from './h265.ts'
import { readH265Sps } from './h265-sps.ts'
import type { NalSyntax, ParameterSet } from './nal-inspector.ts'

export const h265Syntax: NalSyntax = {
  headerSize: 2,
  parameterSets: [h265Nal.vps, h265Nal.sps, h265Nal.pps],
  isKeyframe: isRandomAccess,
  visit: visitH265,
  readParameterSet: (type, bytes, start, end) =>
    type === h265Nal.sps ? readSps(bytes, start, end) : readId(type, bytes, start, end),
  // B slices alone say nothing here: encoders use them without reordering. The SPS tells.
  isReordered: () => false,
}

function readSps(bytes: Buffer, start: number, end: number): ParameterSet | undefined {
  const sps = readH265Sps(bytes, start, end)
  if (!sps) return undefined
  const { id, profile, level, tier, width, height, maxReorderedFrames } = sps
  const reordered = maxReorderedFrames > 0
  return { id, facts: { profile: String(profile), level, tier, width, height, reordered } }
}

/** The id leads: 4 bits in a VPS, ue(v) up to 63 in a PPS (H.265 §7.3.2.1, §7.3.2.3). */
function readId(type: number, bytes: Buffer, start: number, end: number) {
  const reader = new BitReader(bytes, start, end, true)
  const id = type === h265Nal.vps ? reader.bits(4) : reader.ue()
  return reader.overrun || id > 63 ? undefined : { id }
}
