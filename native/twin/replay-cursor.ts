import type { Replay } from '#native/media-plane.ts'

/** How long unspent budget may pile up, in ms: a late timer must not lower the rate. */
const refillBound = 20

/** A track's place in a log on its way to the live end, and what it may send now. */
export class ReplayCursor {
  /** Ingest index of the next packet. */
  next: number
  /** The live end lies behind it. */
  readonly until: number
  /** Bytes per ms. */
  pace: number
  /** Bytes that may leave now; the last packet may overdraw it. */
  budget: number
  /** Small packets that began the replay, until the first large one. */
  head: number[] | undefined = []
  #refilledAt: number
  #lead: { bytes: number; readonly pace: number }

  /** @param now monotonic ms */
  constructor({ from, pace, burst, lead, until = 0 }: Replay, now: number) {
    this.next = from
    this.until = until
    this.pace = pace
    this.budget = burst
    this.#lead = { bytes: lead?.bytes ?? 0, pace: Math.max(lead?.pace ?? 0, pace) }
    this.#refilledAt = now
  }

  refill(now: number): void {
    const elapsed = Math.min(now - this.#refilledAt, refillBound)
    this.#refilledAt = now
    const lead = this.#lead
    const led = Math.min(elapsed * lead.pace, lead.bytes)
    lead.bytes -= led
    const after = led === 0 ? elapsed : elapsed - led / lead.pace
    this.budget += led + after * this.pace
  }
}
