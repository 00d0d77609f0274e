/** Of what is sent in a minute, what probes may be (BWE-66). */
const share = 0.15
/**
 * Bytes that are allowed in 10 to 20 s whatever was sent, or probed before: a viewer with the
 * smallest picture shall have a larger one soon after its link recovers, and to show that it
 * carries 4 Mbit/s takes 170 kB. A link that does not says so after the first few.
 */
const allowance = 400_000
/** Ms; the minute is kept in slots. */
const slotSpan = 10_000
const slots = 6
const minute = slotSpan * slots
/** Ms of sending that tell a rate. */
const shortest = 5_000

/** Keeps probes to their part of what is sent in the last minute (BWE-66). Bytes, monotonic ms. */
export class ProbeBudget {
  readonly #sent = new Float64Array(slots)
  readonly #probes = new Float64Array(slots)
  #slot: number | undefined
  #since: number | undefined

  /** @param bytes sent in all, probes included */
  sent(bytes: number, now: number): void {
    this.#since ??= now
    this.#sent[this.#at(now)]! += bytes
  }

  allows(bytes: number, now: number): boolean {
    this.#at(now)
    let sent = 0
    let spent = 0
    for (let i = 0; i < slots; i++) {
      sent += this.#sent[i]!
      spent += this.#probes[i]!
    }
    const media = Math.max(0, sent - spent)
    // Of the first minute as much as it will be at this rate.
    const span = Math.min(Math.max(now - (this.#since ?? now), shortest), minute)
    if (spent + bytes <= (share * media * minute) / span) return true
    const slot = this.#slot!
    const recent = this.#probes[slot % slots]! + this.#probes[(slot + slots - 1) % slots]!
    return recent + bytes <= allowance
  }

  spend(bytes: number, now: number): void {
    this.#probes[this.#at(now)]! += bytes
  }

  #at(now: number): number {
    const slot = Math.floor(now / slotSpan)
    for (let next = Math.max((this.#slot ?? 0) + 1, slot - slots + 1); next <= slot; next++) {
      this.#sent[next % slots] = 0
      this.#probes[next % slots] = 0
    }
    this.#slot = slot
    return ((slot % slots) + slots) % slots
  }
}
