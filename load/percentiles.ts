import { nearestRank } from '#core/nearest-rank.ts'

/** The figures by which a set of durations is judged, in the unit of its values. */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/**
 * Percentiles by nearest rank: each is a value that was measured, never one in between.
 *
 * @returns undefined when nothing was measured
 */
export function percentiles(values: readonly number[]): Percentiles | undefined {
  const count = values.length
  if (count === 0) return undefined
  const sorted = Float64Array.from(values).sort()
  const rank = (share: number) => nearestRank(sorted, share)!
  return { count, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: sorted[count - 1]! }
}
