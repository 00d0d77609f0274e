/** Ms of arrivals in the first sample, and in all others (BWE-22). */
const firstWindow = 500
const window = 150
/** Ms without any arrival after which a window begins anew: nobody knows what happened in it. */
const longestGap = 1000
/** How much a sample away from the estimate is doubted (BWE-23). */
const doubt = 10
/** In (kbit/s)²: at the start, more with each sample, and more when a change is due (BWE-24). */
const firstVariance = 50
const addedVariance = 5
const changeVariance = 200
/** A report may name any bytes; no link of a viewer is faster, in kbit/s. */
const fastest = 10_000_000

/** The rate at which bytes reach the receiver, by Bayesian smoothing of windows (BWE-22..24). */
export class AcknowledgedRate {
  /** In kbit/s: the variances are made for that. */
  #estimate: number | undefined
  #variance = firstVariance
  #since: number | undefined
  #newest = 0
  #bytes = 0

  /** Bits per second; undefined before half a second of arrivals. */
  get value(): number | undefined {
    return this.#estimate === undefined ? undefined : this.#estimate * 1000
  }

  /** @param arrivedAt of the newest of these bytes, ms of the receiver's clock */
  add(bytes: number, arrivedAt: number): void {
    // The first bytes came before the window began.
    if (
      this.#since === undefined ||
      arrivedAt < this.#newest ||
      arrivedAt - this.#newest > longestGap
    ) {
      this.#since = arrivedAt
      this.#newest = arrivedAt
      this.#bytes = 0
      return
    }
    this.#newest = arrivedAt
    this.#bytes += bytes
    const span = arrivedAt - this.#since
    if (span < (this.#estimate === undefined ? firstWindow : window)) return
    this.#take(Math.min((8 * this.#bytes) / span, fastest))
    this.#since = arrivedAt
    this.#bytes = 0
  }

  /** The rate is about to change: samples count for more (BWE-24). */
  expectChange(): void {
    this.#variance += changeVariance
  }

  #take(sample: number): void {
    const estimate = this.#estimate
    if (estimate === undefined) {
      this.#estimate = sample
      return
    }
    const uncertainty = (doubt * Math.abs(estimate - sample)) / Math.max(estimate, 1)
    const sampleVariance = uncertainty * uncertainty
    const predicted = this.#variance + addedVariance
    this.#estimate = (sampleVariance * estimate + predicted * sample) / (sampleVariance + predicted)
    this.#variance = (sampleVariance * predicted) / (sampleVariance + predicted)
  }
}
