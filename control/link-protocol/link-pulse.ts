/** Between two signs of life on a quiet connection, in ms (DESIGN §9). */
const heartbeatInterval = 100
/**
 * Ms of silence after which a parent counts as dead: three heartbeats missed, and half of one more
 * for what a busy path delays them by.
 */
export const parentDeadAfter = 3.5 * heartbeatInterval
/** A child costs its parent little while it is silent, and a false verdict costs all below it. */
export const childDeadAfter = 3_000

/**
 * Whether the other end of a link lives, and when to tell it that we do. Sans-IO; every `now` is
 * monotonic ms.
 *
 * A node whose own loop stood still finds the timer due before it has read what came meanwhile.
 * Where it is more than one interval late, the verdict therefore waits for one more.
 */
export class LinkPulse {
  readonly #deadAfter: number
  #heardAt: number
  #sentAt: number

  constructor(deadAfter: number, now: number) {
    this.#deadAfter = deadAfter
    this.#heardAt = now
    this.#sentAt = now
  }

  /** A message came, or a packet that passed authentication. */
  heard(now: number): void {
    this.#heardAt = Math.max(this.#heardAt, now)
  }

  sent(now: number): void {
    // It would hide how long the heartbeat was due.
    this.#forgive(now)
    this.#sentAt = Math.max(this.#sentAt, now)
  }

  get nextTimeout(): number {
    return Math.min(this.#sentAt + heartbeatInterval, this.#heardAt + this.#deadAfter)
  }

  /** @returns what is due */
  poll(now: number): 'dead' | 'heartbeat' | undefined {
    this.#forgive(now)
    if (now - this.#heardAt >= this.#deadAfter) return 'dead'
    return now - this.#sentAt >= heartbeatInterval ? 'heartbeat' : undefined
  }

  #forgive(now: number): void {
    const late = now - this.nextTimeout
    if (late > heartbeatInterval) this.heard(now - this.#deadAfter + heartbeatInterval)
  }
}
