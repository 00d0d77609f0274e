/** What a stream's own bytes say of it, which may differ from what its offer said (IO-20). */
export interface StreamFacts {
  /**
   * As `a=fmtp` names it: six hex digits of profile-level-id for H264, a number in decimal for
   * H265, VP9 and AV1; undefined for VP8, which has none.
   */
  profile: string | undefined
  /** level_idc for H264, `level-id` for H265, `level-idx` for AV1. */
  level: number | undefined
  /** H265 and AV1: 1 for the high tier. */
  tier: number | undefined
  /** VP9 and AV1: bits of a sample. */
  bitDepth: number | undefined
  /** Of the newest keyframe, in pixels. */
  width: number | undefined
  height: number | undefined
  /** B-frames were seen or announced: frames are sent in another order than they are shown. */
  reordered: boolean
  /** H264, H265: newest of each kind and id, whole NAL units, VPS before SPS before PPS. */
  parameterSets: readonly Buffer[]
  /**
   * Whether the newest keyframe brought all that a decoder needs to start with it. False
   * before the first keyframe; always true for those of VP8 and VP9.
   */
  keyframeHasParameterSets: boolean
}

export function noFacts(): StreamFacts {
  return {
    profile: undefined,
    level: undefined,
    tier: undefined,
    bitDepth: undefined,
    width: undefined,
    height: undefined,
    reordered: false,
    parameterSets: [],
    keyframeHasParameterSets: false,
  }
}

/** Reads facts from one RTP payload at a time, in order of arrival. */
export interface PayloadInspector {
  /** @param timestamp of the RTP packet: it tells which payloads are one frame */
  inspect(bytes: Buffer, start: number, end: number, timestamp: number): void
}
