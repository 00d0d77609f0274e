import { trackId } from './init-segment.ts'

/** One sample of a fragment. */
export interface FragmentSample {
  readonly data: Buffer
  /** Ticks of the track's timescale. */
  readonly duration: number
  readonly keyframe: boolean
}

export interface Fragment {
  /** Of all fragments of the track, from 1. */
  readonly sequence: number
  /** Of the first sample: ticks of the track's timescale. */
  readonly decodeTime: number
  readonly samples: readonly FragmentSample[]
}

// Bytes of the boxes, headers included.
const boxHead = 8
const mfhd = 16
const tfhd = 16
const tfdt = 20
const trunHead = 20
const trunSample = 12

/** tfhd: data offsets count from the moof (ISO 14496-12 §8.8.7). */
const defaultBaseIsMoof = 0x020000
/** trun: data offset, and of each sample duration, size and flags (§8.8.8). */
const trunFlags = 0x000701
// sample_depends_on and sample_is_non_sync_sample (§8.8.3.1).
const keyframeFlags = 0x02000000
const otherFlags = 0x01010000

/** A CMAF chunk: `moof` and `mdat` of the only track of its file. */
export function writeFragment({ sequence, decodeTime, samples }: Fragment): Buffer {
  const trun = trunHead + trunSample * samples.length
  const traf = boxHead + tfhd + tfdt + trun
  const moof = boxHead + mfhd + traf
  const media = samples.reduce((sum, { data }) => sum + data.length, 0)
  const bytes = Buffer.allocUnsafe(moof + boxHead + media)
  let at = 0
  const u32 = (...values: number[]) => {
    for (const value of values) at = bytes.writeUInt32BE(value, at)
  }
  const box = (type: string, size: number) => {
    u32(size)
    at += bytes.write(type, at, 'latin1')
  }

  box('moof', moof)
  box('mfhd', mfhd)
  u32(0, sequence)
  box('traf', traf)
  box('tfhd', tfhd)
  u32(defaultBaseIsMoof, trackId)
  box('tfdt', tfdt)
  u32(0x01000000)
  at = bytes.writeBigUInt64BE(BigInt(decodeTime), at)
  box('trun', trun)
  u32(trunFlags, samples.length, moof + boxHead)
  for (const { data, duration, keyframe } of samples) {
    u32(duration, data.length, keyframe ? keyframeFlags : otherFlags)
  }
  box('mdat', boxHead + media)
  for (const { data } of samples) at += data.copy(bytes, at)
  return bytes
}
