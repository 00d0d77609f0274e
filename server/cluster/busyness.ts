/** Ms after which a change of load counts for two thirds. */
const smoothing = 5000

export interface BusynessSources {
  /** CPU time of this process so far, all threads together, in ms. */
  cpuTime(): number
  readonly cores: number
}

/** Part of the machine's cores that this process uses, smoothed: 0 to 1. */
export class Busyness {
  readonly #sources: BusynessSources
  #value = 0
  #cpuTime: number
  #measuredAt: number

  /** @param now monotonic ms */
  constructor(sources: BusynessSources, now: number) {
    this.#sources = sources
    this.#cpuTime = sources.cpuTime()
    this.#measuredAt = now
  }

  get value(): number {
    return this.#value
  }

  measure(now: number): void {
    const elapsed = now - this.#measuredAt
    if (elapsed <= 0) return
    const cpuTime = this.#sources.cpuTime()
    const part = (cpuTime - this.#cpuTime) / (elapsed * this.#sources.cores)
    this.#cpuTime = cpuTime
    this.#measuredAt = now
    const weight = 1 - Math.exp(-elapsed / smoothing)
    this.#value = Math.min(1, Math.max(0, this.#value + weight * (part - this.#value)))
  }
}
