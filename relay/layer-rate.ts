/** Between two samples, in ms, and how many count: a keyframe's second stays in sight. */
const sampleInterval = 500
const sampleCount = 5
/** Repairs, headers and tags of a viewer's packets, as a part of what came in (BWE-75). */
const overhead = 1.05
/** A layer that has come for less, in ms, is not yet one to rely on (BWE-79). */
const reliableAfter = 2_000

/**
 * What one layer takes on the way to a viewer: the richest of its last seconds, so that a
 * keyframe does not overrun a link on which the layer was just found to fit.
 */
export class LayerRate {
  readonly #samples = new Float64Array(sampleCount)
  #next = 0
  #sampledAt = Number.NEGATIVE_INFINITY
  #activeSince: number | undefined

  /**
   * @param bitsPerSecond as measured over the last second
   * @param now monotonic ms
   */
  sample(bitsPerSecond: number, now: number): void {
    // One that begins is noticed at once.
    if (this.active && now - this.#sampledAt < sampleInterval) return
    this.#sampledAt = now
    this.#samples[this.#next++ % sampleCount] = bitsPerSecond
    if (bitsPerSecond === 0) this.#activeSince = undefined
    else this.#activeSince ??= now
  }

  /** Bits per second. */
  get rate(): number {
    return Math.max(...this.#samples) * overhead
  }

  /** Whether it comes now, and has for a while. */
  reliable(now: number): boolean {
    return this.#activeSince !== undefined && now - this.#activeSince >= reliableAfter
  }

  /** Whether it comes now. */
  get active(): boolean {
    return this.#activeSince !== undefined
  }
}
