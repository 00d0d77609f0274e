import type { Machine } from '#core/machine.ts'
import { isThere, type Place } from './reload.ts'
import type { SegmentList } from './segment-list.ts'

/** How a wait for a place in a rendition ended. */
export type WaitEnd = 'there' | 'too-long' | 'too-many'

interface Waiter {
  readonly until: Place
  /** Monotonic ms. */
  readonly deadline: number
  resolve(end: WaitEnd): void
}

/** Of the target duration: nobody waits longer (RFC 8216bis §6.2.5.2). */
const patience = 3
/** Requests that may wait at a time, of one rendition: more than players behind one CDN have. */
const mostWaiting = 5000

/** Requests that wait until a playlist has something. Sans-IO; times in monotonic ms. */
export class ReloadWaiters implements Machine {
  readonly #list: SegmentList
  #waiters = new Set<Waiter>()

  constructor(list: SegmentList) {
    this.#list = list
  }

  get size(): number {
    return this.#waiters.size
  }

  /** @param gone aborted when nobody wants the answer any more */
  wait(until: Place, now: number, gone?: AbortSignal): Promise<WaitEnd> {
    if (isThere(this.#list, until)) return Promise.resolve('there')
    if (this.#waiters.size >= mostWaiting) return Promise.resolve('too-many')
    const deadline = now + patience * this.#list.options.targetDuration * 1000
    const { promise, resolve } = Promise.withResolvers<WaitEnd>()
    const waiter = { until, deadline, resolve }
    this.#waiters.add(waiter)
    gone?.addEventListener('abort', () => this.#end(waiter, 'too-long'), { once: true })
    return promise
  }

  /** The list has changed. */
  update(): void {
    for (const waiter of this.#waiters) {
      if (isThere(this.#list, waiter.until)) this.#end(waiter, 'there')
    }
  }

  get nextTimeout(): number {
    // All wait equally long, so the first is the oldest.
    for (const { deadline } of this.#waiters) return deadline
    return Number.POSITIVE_INFINITY
  }

  poll(now: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) return
      this.#end(waiter, 'too-long')
    }
  }

  #end(waiter: Waiter, end: WaitEnd): void {
    if (this.#waiters.delete(waiter)) waiter.resolve(end)
  }
}
