import { nearestRank } from '#core/nearest-rank.ts'
import type { JoinPercentiles, JoinPhase, JoinSummary } from './stream-status.ts'

/** Joins remembered per phase: enough for a p95, few enough to be of today. */
const remembered = 200

/** How fast a stream's last viewers joined. */
export class JoinRecord {
  readonly #phases = new Map<JoinPhase, number[]>()
  #count = 0

  joined(): void {
    this.#count++
  }

  /** @param ms since the viewer's POST */
  reached(phase: JoinPhase, ms: number): void {
    const times = this.#phases.get(phase) ?? []
    this.#phases.set(phase, times)
    times.push(ms)
    if (times.length > remembered) times.shift()
  }

  summary(): JoinSummary {
    const phases: Partial<Record<JoinPhase, JoinPercentiles>> = {}
    for (const [phase, times] of this.#phases) {
      const sorted = times.toSorted((a, b) => a - b)
      phases[phase] = { p50: rank(sorted, 0.5), p95: rank(sorted, 0.95) }
    }
    return { count: this.#count, phases }
  }
}

function rank(sorted: readonly number[], fraction: number): number {
  return Math.round(nearestRank(sorted, fraction) ?? 0)
}
