/** Points that the line is laid through (BWE-15). */
const windowSize = 20
/** Of the smoothed delay that stays with each group (BWE-14). */
const smoothing = 0.9
/** The slope counts by the groups seen, up to this many, times the gain (BWE-16). */
const mostGroups = 60
const gain = 4

/**
 * Whether the delay from group to group grows: the slope of a line through the delays added up
 * (BWE-14..17, draft-ietf-rmcat-gcc §5.3 with the line in place of the Kalman filter).
 */
export class Trendline {
  // Rings; the order of the points makes no difference to the line.
  readonly #arrivals = new Float64Array(windowSize)
  readonly #delays = new Float64Array(windowSize)
  #groups = 0
  #firstArrivedAt = 0
  #accumulated = 0
  #smoothed = 0
  #slope = 0

  /** Groups since the beginning; under two of them tell nothing (BWE-17). */
  get groups(): number {
    return this.#groups
  }

  /** Ms of delay per ms; that of the groups before while there are too few. */
  get slope(): number {
    return this.#slope
  }

  /** What the detector compares with its threshold, in ms. */
  get modified(): number {
    return Math.min(this.#groups, mostGroups) * this.#slope * gain
  }

  /** @param arrivedAt all in ms, as in `FeedbackDigest.groups` */
  add(sentDelta: number, arrivalDelta: number, arrivedAt: number): void {
    if (this.#groups === 0) this.#firstArrivedAt = arrivedAt
    this.#accumulated += arrivalDelta - sentDelta
    this.#smoothed = smoothing * this.#smoothed + (1 - smoothing) * this.#accumulated
    const place = this.#groups % windowSize
    this.#arrivals[place] = arrivedAt - this.#firstArrivedAt
    this.#delays[place] = this.#smoothed
    this.#groups++
    if (this.#groups >= windowSize) this.#fit()
  }

  /** Nothing from before counts any more. */
  reset(): void {
    this.#groups = 0
    this.#accumulated = 0
    this.#smoothed = 0
    this.#slope = 0
  }

  /** Least squares; all points at one time have no slope, and the one before stays. */
  #fit(): void {
    let meanArrival = 0
    let meanDelay = 0
    for (let i = 0; i < windowSize; i++) {
      meanArrival += this.#arrivals[i]! / windowSize
      meanDelay += this.#delays[i]! / windowSize
    }
    let numerator = 0
    let denominator = 0
    for (let i = 0; i < windowSize; i++) {
      const x = this.#arrivals[i]! - meanArrival
      numerator += x * (this.#delays[i]! - meanDelay)
      denominator += x * x
    }
    if (denominator > 0) this.#slope = numerator / denominator
  }
}
