/** The twin's only timer: calls back every few ms, for replays and reports. */
export class Ticker {
  readonly #tick: (now: number) => void
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined

  /** @param interval ms */
  constructor(interval: number, tick: (now: number) => void) {
    this.#interval = interval
    this.#tick = tick
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(performance.now()), this.#interval)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Monotonic ms, the time base of every `tick`. */
  now(): number {
    return performance.now()
  }

  /** Milliseconds since the Unix epoch, for sender reports. */
  wall(): number {
    return Date.now()
  }
}
