/** Between two requests to one layer, in ms, however many viewers ask (DESIGN §6). */
const requestInterval = 500
/** An encoder that answers does so within this, in ms. */
const answerWithin = 1_500
/** Keyframes that came too late to be an answer, after which a publisher counts as deaf. */
const patience = 4
/** A deaf publisher is still asked now and then, in ms: an encoder may have been restarted. */
const deafInterval = 10_000
/** Keyframes asked for unprompted while anyone reads, in ms: browsers' GOPs never end. */
const regularInterval = 4_000

export type KeyframeAnswers = 'yes' | 'no' | 'unknown'

/**
 * When to ask a publisher for a keyframe of one layer: requests of all viewers merged, at most
 * one per 500 ms, and a regular one for publishers that answer. Sans-IO; `now` in monotonic ms.
 *
 * Whether a publisher answers is learnt where it is not known. What tells is the first request
 * since the last keyframe: while it is repeated, a keyframe that was due anyway always comes
 * shortly after some repetition.
 */
export class KeyframeRequests {
  readonly #learns: boolean
  #answers: KeyframeAnswers
  #wanted = false
  #requestedAt = Number.NEGATIVE_INFINITY
  #keyframeAt = Number.NEGATIVE_INFINITY
  /** When the first request since the last keyframe left. */
  #askedAt: number | undefined
  #inVain = 0

  /** @param answers what is known of this kind of client (IO-22, IO-42) */
  constructor(answers: KeyframeAnswers) {
    this.#answers = answers
    this.#learns = answers === 'unknown'
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
    if (this.#learns && this.#askedAt !== undefined) {
      this.#learn(now - this.#askedAt <= answerWithin)
    }
    this.#askedAt = undefined
    this.#wanted = false
    this.#keyframeAt = now
  }

  /**
   * @param readers whether anyone reads this layer
   * @returns true when a request is to be sent now
   */
  poll(now: number, readers: boolean): boolean {
    const regular = readers && this.#answers !== 'no' && now - this.#keyframeAt >= regularInterval
    if (!this.#wanted && !regular) return false
    const interval = this.#answers === 'no' ? deafInterval : requestInterval
    if (now - this.#requestedAt < interval) return false
    this.#requestedAt = now
    this.#askedAt ??= now
    return true
  }

  #learn(answered: boolean): void {
    this.#inVain = answered ? 0 : this.#inVain + 1
    if (answered) this.#answers = 'yes'
    else if (this.#inVain >= patience) this.#answers = 'no'
  }
}
