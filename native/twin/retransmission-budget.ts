/** Bytes that may be repeated at once: a lost burst of a replay. */
const burst = 512 * 1024
/** Bytes per ms after that: 10 % of a 40 Mbit/s replay. One viewer cannot make us shout. */
const rate = 500

/** Of the live pace: a quarter of what the link is believed to carry. A lost link gets no more. */
const paceShare = 0.1
/** Ms of the live pace that may be repeated at once, but this many bytes at least. */
const burstTime = 40
const leastBurst = 8 * 1024

const linkRate = 12_500
const linkBurst = 4 * 1024 * 1024

/** Bounds what one viewer's NACKs make us send (SEC-46, SEC-47). */
export class RetransmissionBudget {
  #rate = rate
  #burst = burst
  #bytes = burst
  #refilledAt = 0

  /** To another node: as fast as a log is copied there, and as much as a burst of that may lose. */
  static forLink(): RetransmissionBudget {
    const budget = new RetransmissionBudget()
    budget.#rate = linkRate
    budget.#burst = budget.#bytes = linkBurst
    return budget
  }

  /** @param pace of live packets, in bytes per ms: what the link carries bounds repairs as well */
  limit(pace: number): void {
    this.#rate = Math.min(rate, pace * paceShare)
    this.#burst = Math.min(burst, Math.max(leastBurst, pace * burstTime))
  }

  allows(bytes: number, now: number): boolean {
    const filled = this.#bytes + (now - this.#refilledAt) * this.#rate
    this.#bytes = Math.min(this.#burst, filled)
    this.#refilledAt = now
    if (this.#bytes < bytes) return false
    this.#bytes -= bytes
    return true
  }
}
