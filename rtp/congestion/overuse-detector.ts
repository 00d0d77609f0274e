/** What the delay says of the link: its queue grows, empties, or neither. */
export type Usage = 'normal' | 'overuse' | 'underuse'

// All in ms (BWE-18..21).
const firstThreshold = 12.5
const leastThreshold = 6
const greatestThreshold = 600
/** Over the threshold for longer than this, in time of sending. */
const overuseTime = 10
/** A trend so far beyond the threshold is a spike, which the threshold does not follow. */
const spike = 15
/** Per ms; the threshold goes up slowly, and comes down at more than four times that. */
const riseRate = 0.0087
const fallRate = 0.039
const longestStep = 100

/**
 * Judges the trend of the delay by a threshold that adapts to it (BWE-18..21): a fixed one would
 * starve next to TCP, whose queues come and go.
 */
export class OveruseDetector {
  #usage: Usage = 'normal'
  #threshold = firstThreshold
  #adaptedAt: number | undefined
  #previousSlope = 0
  /** Ms of sending over the threshold; undefined while below. */
  #timeOver: number | undefined
  #countOver = 0

  get usage(): Usage {
    return this.#usage
  }

  /** Ms. */
  get threshold(): number {
    return this.#threshold
  }

  /**
   * @param trend `modified` in ms, and `slope`, of a Trendline after two groups or more
   * @param sentDelta ms from the group before
   * @param arrivedAt ms of the receiver's clock
   */
  add(
    { modified, slope }: { readonly modified: number; readonly slope: number },
    sentDelta: number,
    arrivedAt: number,
  ): void {
    if (modified > this.#threshold) {
      this.#timeOver = this.#timeOver === undefined ? sentDelta / 2 : this.#timeOver + sentDelta
      this.#countOver++
      const lasting = this.#timeOver > overuseTime && this.#countOver > 1
      if (lasting && slope >= this.#previousSlope) {
        this.#timeOver = 0
        this.#countOver = 0
        this.#usage = 'overuse'
      }
    } else {
      this.#timeOver = undefined
      this.#countOver = 0
      this.#usage = modified < -this.#threshold ? 'underuse' : 'normal'
    }
    this.#previousSlope = slope
    this.#adapt(Math.abs(modified), arrivedAt)
  }

  /** The trend begins anew; what was learnt of the link's unrest stays. */
  reset(): void {
    this.#usage = 'normal'
    this.#adaptedAt = undefined
    this.#previousSlope = 0
    this.#timeOver = undefined
    this.#countOver = 0
  }

  #adapt(trend: number, arrivedAt: number): void {
    const step = Math.min(Math.max(0, arrivedAt - (this.#adaptedAt ?? arrivedAt)), longestStep)
    this.#adaptedAt = arrivedAt
    if (trend > this.#threshold + spike) return
    const rate = trend < this.#threshold ? fallRate : riseRate
    const threshold = this.#threshold + rate * (trend - this.#threshold) * step
    this.#threshold = Math.min(Math.max(threshold, leastThreshold), greatestThreshold)
  }
}
