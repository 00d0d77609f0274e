/**
 * What a log's RTP times become on their way out: one constant is added, but for a run of them that
 * is squeezed into a shorter one right before. All in ticks.
 */
export interface TimeMap {
  /** Outgoing time minus incoming, outside of the run. */
  readonly delta: number
  /** Where the run begins, how long it is, and how long it becomes. */
  readonly from: number
  readonly span: number
  readonly squeezed: number
}

/** A map of one constant. */
export const constantMap = (delta: number): TimeMap => ({ delta, from: 0, span: 0, squeezed: 0 })

/** Without the run once that is over: its times come again when they have gone around. */
export function mapAfter(map: TimeMap, outgoing: number): TimeMap {
  const { delta, from, span } = map
  return ((outgoing - (from + span + delta)) | 0) < 0 ? map : constantMap(delta)
}

/** @returns the outgoing time, 32 bits */
export function timeAt({ delta, from, span, squeezed }: TimeMap, timestamp: number): number {
  const into = (timestamp - from) >>> 0
  if (into >= span) return (timestamp + delta) >>> 0
  return (from + span - squeezed + Math.floor((into * squeezed) / span) + delta) >>> 0
}
