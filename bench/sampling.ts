import { nearestRank } from '#core/nearest-rank.ts'

/** Microseconds of CPU that this process has used, all threads. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Microseconds that one call takes: the best of a few rounds, since noise only ever adds. */
export function microsecondsPerCall(calls: number, run: () => void, rounds = 5): number {
  for (let i = 0; i < calls / 10; i++) run()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    for (let i = 0; i < calls; i++) run()
    best = Math.min(best, ((performance.now() - start) * 1000) / calls)
  }
  return best
}

/** Nearest rank. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return nearestRank(sorted, fraction) ?? Number.NaN
}
