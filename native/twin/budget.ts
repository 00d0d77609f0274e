/** What may happen so often a second for ever, and so often at once after a rest. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket, full at first. */
export class Budget {
  #spent = 0
  #at = 0

  /** Counts one more. @param now monotonic ms @returns whether it may be */
  take({ perSecond, burst }: Rate, now: number): boolean {
    const passed = Math.max(0, now - this.#at)
    this.#spent = Math.max(0, this.#spent - (passed * perSecond) / 1000)
    this.#at = now
    if (this.#spent + 1 > burst) return false
    this.#spent++
    return true
  }
}
