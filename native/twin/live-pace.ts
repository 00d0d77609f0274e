/** How much may leave at once, in ms of the pace (BWE-68). */
const burst = 30
/** Most that repeats may take from the packets to come, in ms of the pace. */
const mostDebt = 100
/** Longest packet: overdrawn by one, even the slowest pace pays all of it back. */
const longestPacket = 1500
/** A packet that waits longer, in ms, shows that the pace is too slow for the layer. */
const longestWait = 1000

/**
 * How fast live packets of one track may leave: a token bucket, and while that is empty the
 * track's place in its log, from where it catches up.
 */
export class LivePace {
  /** Ingest index of the next packet while behind. */
  next = 0
  #behind = false
  #pace: number
  #budget: number
  #refilledAt: number
  /** What lies below `index` has waited since `at`. */
  #mark = { index: 0, at: 0 }
  #told = false

  /**
   * @param pace bytes per ms
   * @param now monotonic ms, as everywhere here
   */
  constructor(pace: number, now: number) {
    this.#pace = pace
    this.#budget = pace * burst
    this.#refilledAt = now
  }

  /** Whether packets wait in the log. */
  get behind(): boolean {
    return this.#behind
  }

  get hasBudget(): boolean {
    return this.#budget > 0
  }

  set(pace: number, now: number): void {
    this.refill(now)
    this.#pace = pace
    this.#budget = Math.min(this.#budget, pace * burst)
  }

  refill(now: number): void {
    const elapsed = now - this.#refilledAt
    this.#refilledAt = now
    if (this.#pace === Number.POSITIVE_INFINITY) this.#budget = this.#pace
    else this.#budget = Math.min(this.#pace * burst, this.#budget + elapsed * this.#pace)
  }

  spend(bytes: number): void {
    const least = -Math.max(longestPacket, this.#pace * mostDebt)
    this.#budget = Math.max(this.#budget - bytes, least)
  }

  /** @param index of the newest packet: it waits, and all that follow */
  fallBehind(index: number, now: number): void {
    this.#behind = true
    this.next = index
    this.#mark = { index: index + 1, at: now }
  }

  /** Nothing waits any more: the end of the log is reached, or the track has left it. */
  level(): void {
    this.#behind = false
    this.#told = false
  }

  /**
   * Asked before each look at the log while behind.
   *
   * @param start the oldest index that the log still holds
   * @param end one past its newest
   * @returns whether to tell that the viewer gets too little; true once until level again
   */
  starves(start: number, end: number, now: number): boolean {
    const mark = this.#mark
    if (this.next >= mark.index) this.#mark = { index: end, at: now }
    const waits = this.next < mark.index && now - mark.at > longestWait
    if (this.#told || !(waits || this.next < start)) return false
    this.#told = true
    return true
  }
}
