import type { JoinPhase } from './stream-status.ts'

/** When one viewer reached each step of its join, in ms since its POST came. */
export class JoinTimes {
  readonly #startedAt: number
  readonly #times = new Map<JoinPhase, number>()
  readonly #report: (phase: JoinPhase, ms: number) => void

  /**
   * @param startedAt monotonic ms at which the POST came
   * @param report told of each phase once
   */
  constructor(startedAt: number, report: (phase: JoinPhase, ms: number) => void) {
    this.#startedAt = startedAt
    this.#report = report
  }

  /** Counts the first time only: a replay that starts over is no second join. */
  reached(phase: JoinPhase, now: number): void {
    if (this.#times.has(phase)) return
    const ms = now - this.#startedAt
    this.#times.set(phase, ms)
    this.#report(phase, ms)
  }
}
