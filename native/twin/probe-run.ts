import type { Probe } from '#native/media-plane.ts'

/** How much a late timer may make up for, in ms. */
const catchUpBound = 20
/** Shorter packets measure little: they are repeated only when there are no others, in bytes. */
const shortPacket = 200

/** A probe under way on one track: what may have left by now, and what it repeats next. */
export class ProbeRun {
  readonly cluster: number
  readonly #probe: Probe
  readonly #newest: number
  #startedAt: number
  #lookedAt: number
  #next: number
  #short = false

  /**
   * @param newest ingest index of the packet that was sent last
   * @param now monotonic ms
   */
  constructor(probe: Probe, newest: number, now: number) {
    this.cluster = probe.cluster
    this.#probe = probe
    this.#newest = newest
    this.#next = newest
    this.#startedAt = now
    this.#lookedAt = now
  }

  /** Bytes of its cluster below which another packet may leave now. */
  due(now: number): number {
    this.#startedAt += Math.max(0, now - this.#lookedAt - catchUpBound)
    this.#lookedAt = now
    const { pace, bytes } = this.#probe
    // More than nothing at once: the first packet need not wait.
    return Math.min(bytes, pace * (now - this.#startedAt) + 1)
  }

  /** @param sent bytes of its cluster so far */
  isDone(sent: number): boolean {
    return sent >= this.#probe.bytes
  }

  /** Ingest index to look at next. */
  next(): number {
    return this.#next--
  }

  /** Whether to repeat a packet of that length this time through the log. */
  takes(length: number): boolean {
    return length < shortPacket === this.#short
  }

  /** The log has nothing older. @returns false when all of it has been looked at */
  turn(): boolean {
    if (this.#short) return false
    this.#short = true
    this.#next = this.#newest
    return true
  }
}
