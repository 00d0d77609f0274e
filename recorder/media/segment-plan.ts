/** How a recording is cut, fixed at its start: playlists may not change it (RFC 8216 §4.3.3.1). */
export interface SegmentPlan {
  /** No segment is longer, in whole seconds after rounding. */
  readonly targetDuration: number
  /** From so many seconds on, the next keyframe begins a segment. */
  readonly leastDuration: number
  /**
   * No part is longer, in seconds. None but the last may be shorter than 85 % of it (HLS-33): at 0.5 s
   * there is room for pictures of 75 ms.
   */
  readonly partTarget: number
}

/** What is known of a publisher at the start. */
export interface PublisherHabits {
  /** Whether it sends keyframes when asked. */
  readonly answersKeyframeRequests: boolean
  /** Seconds between its last two keyframes, where there were two. */
  readonly keyframeInterval: number | undefined
}

/** Asked for every 4 s, keyframes come within a second or so. */
const usual: SegmentPlan = { targetDuration: 6, leastDuration: 3.5, partTarget: 0.5 }
/** OBS makes a keyframe every 8.33 s, whatever it is asked (IO-22). */
const rareKeyframes: SegmentPlan = { ...usual, targetDuration: 10 }

export function planFor({
  answersKeyframeRequests,
  keyframeInterval,
}: PublisherHabits): SegmentPlan {
  const isRare = (keyframeInterval ?? Number.POSITIVE_INFINITY) > usual.targetDuration
  return !answersKeyframeRequests && isRare ? rareKeyframes : usual
}

/** Longer than this, in seconds, a segment would be too long for its target after rounding. */
export function longestSegment({ targetDuration }: SegmentPlan): number {
  return targetDuration + 0.45
}
