import type { Machine } from '#core/machine.ts'
import type { Stream } from '#relay/stream.ts'
import type { Scheduler } from '#webrtc/peers.ts'

/** How long an offer of ours may be answered, in ms (draft-ietf-wish-whep §4.3.2). */
export const offerLifetime = 30_000

/** An offer of ours that nobody has answered yet. */
export interface PendingOffer {
  /** Of its session. */
  readonly id: string
  readonly stream: Stream
  /** Called once, when its time is over. */
  expired(): void
}

interface Waiting extends PendingOffer {
  /** Monotonic ms. */
  readonly expiresAt: number
}

/** The offers of ours that wait for an answer, all for the same time. */
export class PendingOffers implements Machine {
  readonly #scheduler: Scheduler
  // In the order of their making, which is that of their ends.
  readonly #waiting = new Map<string, Waiting>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  get size(): number {
    return this.#waiting.size
  }

  add(offer: PendingOffer, now: number): void {
    this.#waiting.set(offer.id, { ...offer, expiresAt: now + offerLifetime })
    if (this.#waiting.size === 1) this.#scheduler.add(this)
  }

  /** It has been answered, or its client has gone. */
  remove(id: string): void {
    if (!this.#waiting.delete(id)) return
    if (this.#waiting.size === 0) this.#scheduler.remove(this)
    else this.#scheduler.changed(this)
  }

  of(stream: Stream): PendingOffer[] {
    return [...this.#waiting.values()].filter((offer) => offer.stream === stream)
  }

  get nextTimeout(): number {
    for (const { expiresAt } of this.#waiting.values()) return expiresAt
    return Number.POSITIVE_INFINITY
  }

  poll(now: number): void {
    for (const offer of this.#waiting.values()) {
      if (offer.expiresAt > now) return
      this.remove(offer.id)
      offer.expired()
    }
  }
}
