/** Of the estimate: a sender that stays below has no more to send (BWE-72). */
const share = 0.65
/** Of the budget that must be left for a limit to begin, and to end. */
const beginsAt = 0.8
const endsAt = 0.5
/** Ms of sending that the budget holds. */
const budgetSpan = 500

/** Whether the sender has less to send than the link carries ("ALR", BWE-72). */
export class ApplicationLimit {
  /** Bytes left of what it might have sent, and as many overdrawn at most. */
  #left = 0
  #since: number | undefined
  #limited = false
  #endedAt = Number.NEGATIVE_INFINITY

  get limited(): boolean {
    return this.#limited
  }

  /** Monotonic ms at which the last limit ended. */
  get endedAt(): number {
    return this.#endedAt
  }

  /** @param bytes sent since the call before @param estimate bits per second */
  sent(bytes: number, estimate: number, now: number): void {
    const rate = (estimate * share) / 8000
    const most = rate * budgetSpan
    const earned = rate * Math.max(0, now - (this.#since ?? now))
    this.#since = now
    this.#left = Math.min(Math.max(this.#left - bytes + earned, -most), most)
    const level = most > 0 ? this.#left / most : 0
    if (this.#limited && level < endsAt) {
      this.#limited = false
      this.#endedAt = now
    } else if (!this.#limited && level > beginsAt) {
      this.#limited = true
    }
  }
}
