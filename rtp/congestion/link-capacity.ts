/** How much one sample counts (BWE-32): at overuse little, of a probe much. */
const overuseWeight = 0.05
const probeWeight = 0.5
/** Of the variance, by the mean, in kbit/s. */
const firstVariance = 0.4
const leastVariance = 0.4
const greatestVariance = 2.5
/** Standard deviations that samples may lie off. */
const spread = 3

/** What the link carried each time that it was full (BWE-32). Rates in bits per second. */
export class LinkCapacity {
  /** In kbit/s: the variances are made for that. */
  #mean: number | undefined
  #variance = firstVariance

  get mean(): number | undefined {
    return this.#mean === undefined ? undefined : this.#mean * 1000
  }

  /** More than this says that the link has become faster. */
  get upper(): number {
    return this.#mean === undefined ? Number.POSITIVE_INFINITY : (this.#mean + this.#spread) * 1000
  }

  /** Less than this at overuse says that it has become slower. */
  get lower(): number {
    return this.#mean === undefined ? 0 : Math.max(0, this.#mean - this.#spread) * 1000
  }

  overused(rate: number): void {
    this.#add(rate / 1000, overuseWeight)
  }

  probed(rate: number): void {
    this.#add(rate / 1000, probeWeight)
  }

  forget(): void {
    this.#mean = undefined
    this.#variance = firstVariance
  }

  get #spread(): number {
    return spread * Math.sqrt(this.#variance * (this.#mean ?? 0))
  }

  #add(sample: number, weight: number): void {
    const mean = this.#mean === undefined ? sample : (1 - weight) * this.#mean + weight * sample
    this.#mean = mean
    const error = mean - sample
    const variance = (1 - weight) * this.#variance + (weight * error * error) / Math.max(mean, 1)
    this.#variance = Math.min(Math.max(variance, leastVariance), greatestVariance)
  }
}
