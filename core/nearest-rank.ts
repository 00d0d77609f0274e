/**
 * The value below or at which this fraction of all values lies: one that was measured, never
 * one in between.
 *
 * @param sorted ascending
 * @param fraction 0–1
 * @returns undefined where there are no values
 */
export function nearestRank(sorted: ArrayLike<number>, fraction: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)]
}
