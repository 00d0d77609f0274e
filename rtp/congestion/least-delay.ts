/** Ms after which what was the least delay counts for no more than another such time. */
const lifetime = 30_000

/**
 * The least delay of the last half to whole minute: the empty link. The two clocks run apart by
 * 0.1 ms in a second at worst, which within an hour looks like a full queue.
 */
export class LeastDelay {
  #current = Number.POSITIVE_INFINITY
  #previous = Number.POSITIVE_INFINITY
  #since = Number.NEGATIVE_INFINITY

  /** @param delay ms from one clock to the other @param now ms */
  add(delay: number, now: number): void {
    if (now - this.#since >= lifetime) {
      this.#previous = this.#current
      this.#current = delay
      this.#since = now
    } else if (delay < this.#current) {
      this.#current = delay
    }
  }

  /** Ms; `Infinity` before the first. */
  get value(): number {
    return Math.min(this.#current, this.#previous)
  }
}
