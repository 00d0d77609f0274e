import { ServiceError } from '#core/errors.ts'
import { networkOf } from '#core/network.ts'

/**
 * Sessions of one address that may wait for their peer at a time. A POST costs a stranger nothing,
 * and its session counts as a viewer for 15 s: one address alone must not fill a node (SEC-21).
 * A load tool that opens 200 sessions a second has fewer than this on the way.
 */
const defaultPendingLimit = 200

/** Counts, per address, the sessions whose peer has not proved yet that it is there. */
export class PendingLimit {
  readonly #limit: number
  readonly #pending = new Map<string, number>()

  constructor(limit = defaultPendingLimit) {
    this.#limit = limit
  }

  /** Addresses with sessions that wait. */
  get size(): number {
    return this.#pending.size
  }

  /** @throws ServiceError `rate-limited` when this address has too many */
  check(address: string): void {
    if ((this.#pending.get(networkOf(address)) ?? 0) < this.#limit) return
    throw new ServiceError(
      'rate-limited',
      'too many sessions of this address wait for their peer: connect those first',
      { retryAfter: 2 },
    )
  }

  /** Counts one more. @returns to be called when it waits no longer; again, it does nothing */
  enter(address: string): () => void {
    const key = networkOf(address)
    this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1)
    let waits = true
    return () => {
      if (!waits) return
      waits = false
      const left = (this.#pending.get(key) ?? 0) - 1
      if (left > 0) this.#pending.set(key, left)
      else this.#pending.delete(key)
    }
  }
}
