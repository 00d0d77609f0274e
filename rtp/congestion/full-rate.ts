/** Ms of waiting from which the link's queue surely was not empty. */
const busyQueue = 5
/** Ms of work without a pause that tell a rate, and that tell it for certain. */
const enough = 40
const certain = 150
/** Ms for which that is recalled. */
const recall = 3000
/** Ms that a measured rate counts, and about as long is measured: links change. */
const memory = 300

/** What of a report it takes; see `FeedbackDigest`. */
export interface FullRateInput {
  /** Since the report before. */
  readonly bytes: number
  readonly arrivedAt: number
  readonly queueing: number | undefined
  readonly delivered: number | undefined
}

/**
 * The rate at which the link lets packets out while it has a queue: that is all it carries,
 * however little was sent before. Without this, a keyframe after a quiet second would halve the
 * estimate: it fills the link, and what arrived until then was little. Bits per second.
 */
export class FullRate {
  #since: number | undefined
  #newest = 0
  #bytes = 0
  #rate = 0
  #measuredAt = Number.NEGATIVE_INFINITY
  #busySince = Number.POSITIVE_INFINITY
  #proven = 0
  #provenAt = Number.NEGATIVE_INFINITY

  /** What got through for certain, a moment ago: no less fits. 0 where nothing did. */
  get proven(): number {
    return this.#newest - this.#provenAt < recall ? this.#proven : 0
  }

  /** The link is not what it was: only the work that goes on now counts. */
  forget(): void {
    if (this.#provenAt < this.#busySince) this.#proven = 0
  }

  /** 0 while the link had no queue of late. */
  get value(): number {
    return this.#newest - this.#measuredAt < memory ? this.#rate : 0
  }

  add({ bytes, arrivedAt, queueing, delivered }: FullRateInput): void {
    if (arrivedAt < this.#newest) {
      this.#since = undefined
      this.#provenAt = Number.NEGATIVE_INFINITY
    }
    this.#newest = arrivedAt
    if (queueing === undefined || queueing < busyQueue) {
      this.#since = undefined
      this.#busySince = Number.POSITIVE_INFINITY
      return
    }
    if (delivered !== undefined) this.#measure(delivered * 8000)
    if (this.#since === undefined) {
      // These came before the queue was seen.
      this.#since = arrivedAt
      this.#busySince = arrivedAt
      this.#bytes = 0
      return
    }
    this.#bytes += bytes
    const span = arrivedAt - this.#since
    const rate = (8000 * this.#bytes) / span
    if (span >= enough) this.#measure(rate)
    if (span >= certain) {
      this.#proven = rate
      this.#provenAt = arrivedAt
    }
    if (span <= memory) return
    this.#bytes *= memory / span
    this.#since = arrivedAt - memory
  }

  /** The queue may have been empty in between: the most that was seen is nearest the truth. */
  #measure(rate: number): void {
    if (rate < this.value) return
    this.#rate = rate
    this.#measuredAt = this.#newest
  }
}
