import { groupFields } from './feedback-digest.ts'

/** Ms of sending that make one group (BWE-7). */
const groupSpan = 5
/** Ms between arrivals, and of a whole group, that may still be one burst (BWE-8). */
const burstGap = 5
const longestBurst = 100
/** Ms that the receiver's clock may gain on ours between two groups (BWE-11). */
const clockJump = 3000
/** Groups in a row that came before their forerunner, until nothing before them counts (BWE-12). */
const mostBackwards = 3
/** Ms without a report after which groups begin anew (BWE-13). */
const longestSilence = 2000
/** Pairs in one report: 64 are 320 ms of sending at least. What is more than that is not told. */
const maxPairs = 64

/**
 * Gathers packets that left together, and tells how the distance from group to group changed on
 * the way (BWE-7..13): a single packet's delay says more of the sender than of the link.
 *
 * Takes packets in the order in which they arrived. Times of sending and of reports are monotonic
 * ms, those of arrival ms of the receiver's clock.
 */
export class PacketGroups {
  /** Of the report being read; see `FeedbackDigest.groups`. */
  readonly pairs = new Float64Array(maxPairs * groupFields)
  #pairCount = 0
  #reportedAt = Number.NEGATIVE_INFINITY

  // The group that grows, while there is one.
  #open = false
  #firstSentAt = 0
  #lastSentAt = 0
  #firstArrivedAt = 0
  #completedAt = 0
  #toldAt = 0

  // The complete one before it, while there is one.
  #comparable = false
  #previousSentAt = 0
  #previousCompletedAt = 0
  #previousToldAt = 0
  #backwards = 0

  get pairCount(): number {
    return this.#pairCount
  }

  /** A report begins: the pairs of the one before are gone. */
  begin(now: number): void {
    if (now - this.#reportedAt > longestSilence) this.#reset()
    this.#reportedAt = now
    this.#pairCount = 0
  }

  add(sentAt: number, arrivedAt: number): void {
    if (!this.#open) {
      this.#start(sentAt, arrivedAt)
    } else if (sentAt < this.#firstSentAt) {
      // Reordered on the way: its group is told of already.
      return
    } else if (this.#belongs(sentAt, arrivedAt)) {
      this.#lastSentAt = Math.max(this.#lastSentAt, sentAt)
    } else {
      if (this.#comparable && !this.#compare()) return
      this.#comparable = true
      this.#previousSentAt = this.#lastSentAt
      this.#previousCompletedAt = this.#completedAt
      this.#previousToldAt = this.#toldAt
      this.#start(sentAt, arrivedAt)
    }
    this.#completedAt = arrivedAt
    this.#toldAt = this.#reportedAt
  }

  #belongs(sentAt: number, arrivedAt: number): boolean {
    const sentAfter = sentAt - this.#lastSentAt
    const arrivedAfter = arrivedAt - this.#completedAt
    // What left apart and came closer together was held up and let go in one burst.
    const burst =
      sentAfter === 0 ||
      (arrivedAfter < sentAfter &&
        arrivedAfter <= burstGap &&
        arrivedAt - this.#firstArrivedAt < longestBurst)
    return burst || sentAt - this.#firstSentAt <= groupSpan
  }

  #start(sentAt: number, arrivedAt: number): void {
    this.#open = true
    this.#firstSentAt = sentAt
    this.#lastSentAt = sentAt
    this.#firstArrivedAt = arrivedAt
  }

  /** The open group is complete. @returns false if it says nothing, or nothing counts any more */
  #compare(): boolean {
    const arrivalDelta = this.#completedAt - this.#previousCompletedAt
    if (arrivalDelta - (this.#toldAt - this.#previousToldAt) >= clockJump) {
      this.#reset()
      return false
    }
    if (arrivalDelta < 0) {
      this.#backwards++
      if (this.#backwards >= mostBackwards) this.#reset()
      return false
    }
    this.#backwards = 0
    if (this.#pairCount < maxPairs) {
      const at = this.#pairCount * groupFields
      this.pairs[at] = this.#lastSentAt - this.#previousSentAt
      this.pairs[at + 1] = arrivalDelta
      this.pairs[at + 2] = this.#completedAt
      this.#pairCount++
    }
    return true
  }

  #reset(): void {
    this.#open = false
    this.#comparable = false
    this.#backwards = 0
  }
}
