export interface BottleneckOptions {
  /** Bits per second. */
  readonly rate: number
  /** Ms one way, without queue. */
  readonly delay?: number
  /** Ms of queue at `rate`; what is more is dropped at the tail. */
  readonly queue?: number
  /** Bytes that pass at once after a pause: the bucket of a `tbf`. */
  readonly burst?: number
  /** Fraction of packets lost on the way. */
  readonly loss?: number
  /** Ms that each packet takes longer at most, at random; order is kept. */
  readonly jitter?: number
}

/**
 * A link of one rate with a tail-drop queue and a token bucket, in simulated time: tells when a
 * packet comes out as it goes in.
 */
export class Bottleneck {
  rate: number
  readonly #delay: number
  readonly #queueSpan: number
  readonly #burst: number
  readonly #loss: number
  readonly #jitter: number
  readonly #random: () => number
  /** When the last packet in the queue will have left it; the bucket may put that in the past. */
  #freeAt = Number.NEGATIVE_INFINITY
  #lastOut = Number.NEGATIVE_INFINITY

  constructor(options: BottleneckOptions, random: () => number) {
    this.rate = options.rate
    this.#delay = options.delay ?? 25
    this.#queueSpan = options.queue ?? 300
    this.#burst = options.burst ?? 0
    this.#loss = options.loss ?? 0
    this.#jitter = options.jitter ?? 0
    this.#random = random
  }

  /** Ms that a packet which goes in now would wait. */
  waiting(now: number): number {
    return Math.max(0, this.#freeAt - now)
  }

  /** @returns ms at which it comes out; undefined if it does not */
  send(bytes: number, now: number): number | undefined {
    const bytesPerMs = this.rate / 8000
    if (this.waiting(now) > this.#queueSpan) return undefined
    // Tokens are time in the past that has not been used.
    this.#freeAt = Math.max(this.#freeAt, now - this.#burst / bytesPerMs) + bytes / bytesPerMs
    if (this.#random() < this.#loss) return undefined
    const out = Math.max(now, this.#freeAt) + this.#delay + this.#random() * this.#jitter
    this.#lastOut = Math.max(this.#lastOut, out)
    return this.#lastOut
  }
}

/** The same numbers in each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000
  }
}
