/** One frame as shown. */
interface Shown {
  /** Ms of `performance.now()`. */
  readonly at: number
  /** Ms of the stream's own time, unwrapped. */
  readonly media: number
}

/** Long enough that the jitter of a screen's refresh does not look like a change of speed. */
const windowMs = 150
const leastFrames = 4

/** Faster than this is a replay: it runs at 1.5 times the live speed at least. */
const liveSpeed = 1.25

/** A replay that lasts longer has met a link that cannot carry it: then show what there is. */
const longestMs = 6000

/** RTP video clock, ticks per ms (RFC 6184 §5.1 and its siblings). */
const ticksPerMs = 90

/**
 * Tells when the replay that a join begins with has reached the live picture: from then on the
 * stream's time passes as fast as ours.
 */
export class CatchUp {
  #first: Shown | undefined
  #recent: Shown[] = []
  #lastTimestamp = 0
  #live = false

  /**
   * @param at ms of `performance.now()`
   * @param rtpTimestamp of the frame; `undefined` where the browser does not tell
   * @returns whether the picture is live
   */
  shown(at: number, rtpTimestamp: number | undefined): boolean {
    if (this.#live) return true
    if (rtpTimestamp === undefined) {
      this.#live = true
      return true
    }
    const media = this.#first ? this.#last.media + this.#elapsed(rtpTimestamp) : 0
    const frame = { at, media }
    this.#first ??= frame
    this.#lastTimestamp = rtpTimestamp
    this.#recent.push(frame)
    // Keeps one frame from before the window, so that the window is full.
    while (this.#recent[1] && this.#recent[1].at <= at - windowMs) this.#recent.shift()
    this.#live = at - this.#first.at > longestMs || this.#isSteady(frame)
    return this.#live
  }

  get #last(): Shown {
    return this.#recent.at(-1)!
  }

  // Signed and modulo 2^32: the clock wraps, and frames may come out of order.
  #elapsed(rtpTimestamp: number): number {
    return ((rtpTimestamp - this.#lastTimestamp) | 0) / ticksPerMs
  }

  #isSteady({ at, media }: Shown): boolean {
    const oldest = this.#recent[0]!
    if (this.#recent.length < leastFrames || at - oldest.at < windowMs) return false
    return (media - oldest.media) / (at - oldest.at) < liveSpeed
  }
}
