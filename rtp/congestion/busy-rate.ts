/** Ms of waiting from which the link's queue surely was not empty. */
export const busyQueue = 5
/** Ms of work without a pause that tell a rate. */
const enough = 40
/** Ms of work that count, about: the link may have changed since. */
const memory = 300

/**
 * The rate at which a link empties its queue, while it has one: what came out in that time is all
 * that it carries, however little was sent before. Bits per second.
 */
export class BusyRate {
  #since: number | undefined
  #newest = 0
  #bytes = 0

  /** Undefined while the link is idle, or was until just now. */
  get value(): number | undefined {
    const span = this.#since === undefined ? 0 : this.#newest - this.#since
    return span < enough ? undefined : (8000 * this.#bytes) / span
  }

  /**
   * @param bytes that arrived since the call before
   * @param arrivedAt of the newest of them, ms of the receiver's clock
   * @param queueing ms that it waited
   */
  add(bytes: number, arrivedAt: number, queueing: number): void {
    if (queueing < busyQueue || (this.#since !== undefined && arrivedAt < this.#newest)) {
      this.#since = undefined
      return
    }
    if (this.#since === undefined) {
      // These came before the queue was seen.
      this.#since = arrivedAt
      this.#bytes = 0
    } else {
      this.#bytes += bytes
    }
    this.#newest = arrivedAt
    const span = arrivedAt - this.#since
    if (span <= memory) return
    this.#bytes *= memory / span
    this.#since = arrivedAt - memory
  }
}
