/** Between two requests to one layer, in ms, however many viewers ask (DESIGN §6). */
const requestInterval = 500
/** An encoder that answers does so within this, in ms. */
const answerWithin = 1_500
/** Requests without an answer after which a publisher counts as deaf. */
const patience = 4
/** A deaf publisher is still asked now and then: an encoder may have been restarted, in ms. */
const deafInterval = 10_000
/** Keyframes asked for unprompted while anyone reads, in ms: browsers' GOPs never end. */
const regularInterval = 4_000

export type KeyframeAnswers = 'yes' | 'no' | 'unknown'

/**
 * When to ask a publisher for a keyframe of one layer: requests of all viewers merged, at most
 * one per 500 ms, and a regular one for publishers that answer. Sans-IO; `now` in monotonic ms.
 */
export class KeyframeRequests {
  #answers: KeyframeAnswers
  #wanted = false
  #requestedAt = Number.NEGATIVE_INFINITY
  #keyframeAt = Number.NEGATIVE_INFINITY
  #pending = false
  #unanswered = 0

  /** @param answers what is known of this kind of client (IO-22, IO-42) */
  constructor(answers: KeyframeAnswers) {
    this.#answers = answers
  }

  get answers(): KeyframeAnswers {
    return this.#answers
  }

  /** Somebody cannot go on without a keyframe. */
  want(): void {
    this.#wanted = true
  }

  /** A keyframe began. */
  received(now: number): void {
    if (this.#pending && now - this.#requestedAt <= answerWithin) {
      this.#answers = 'yes'
      this.#unanswered = 0
    }
    this.#pending = false
    this.#wanted = false
    this.#keyframeAt = now
  }

  /**
   * @param readers whether anyone reads this layer
   * @returns true when a request is to be sent now
   */
  poll(now: number, readers: boolean): boolean {
    this.#giveUpWaiting(now)
    const regular = readers && this.#answers !== 'no' && now - this.#keyframeAt >= regularInterval
    if (!this.#wanted && !regular) return false
    const interval = this.#answers === 'no' ? deafInterval : requestInterval
    if (now - this.#requestedAt < interval) return false
    this.#requestedAt = now
    this.#pending = true
    return true
  }

  #giveUpWaiting(now: number): void {
    if (!this.#pending || now - this.#requestedAt <= answerWithin) return
    this.#pending = false
    this.#unanswered++
    if (this.#unanswered >= patience && this.#answers === 'unknown') this.#answers = 'no'
  }
}
