/** Bytes that may be repeated at once: a lost burst of a replay. */
const burst = 512 * 1024
/** Bytes per ms after that: 10 % of a 40 Mbit/s replay. One viewer cannot make us shout. */
const rate = 500

/** Bounds what one viewer's NACKs make us send (SEC-46, SEC-47). */
export class RetransmissionBudget {
  #bytes = burst
  #refilledAt = 0

  allows(bytes: number, now: number): boolean {
    this.#bytes = Math.min(burst, this.#bytes + (now - this.#refilledAt) * rate)
    this.#refilledAt = now
    if (this.#bytes < bytes) return false
    this.#bytes -= bytes
    return true
  }
}
