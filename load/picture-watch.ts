import type { StreamFigures } from './stream-figures.ts'
import type { PictureCounters, SeenInterruption } from './viewer-result.ts'

interface Interruption extends Pick<SeenInterruption, 'ms' | 'cause'> {
  /** Monotonic ms of the last picture before. */
  readonly since: number
}

/** Shorter ones are seen by nobody: as `FrameWatch` has it at 30 pictures a second. */
const noticeable = 183
/** Remembered of one viewer. */
const mostInterruptions = 200

/**
 * What one viewer sees who goes from session to session: how long its picture stood still, and
 * why. Within a session that is what `FrameWatch` calls a freeze; between two it lasts from the
 * last whole frame of the one to the first keyframe of the other, and is 0 where that was there
 * before. Sans-IO.
 */
export class PictureWatch {
  readonly #interruptions: Interruption[] = []
  readonly #freezes = { freezes: 0, longestFreeze: 0, frozen: 0 }
  #pictureAt: number | undefined
  #change: 'moved' | 'lost' | undefined
  /** Of the present session, as last looked at. */
  #known = { freezes: 0, frozen: 0 }

  /** All but what lasts still, the last 200. A change of session that nobody saw is one, too. */
  get interruptions(): readonly Interruption[] {
    return this.#interruptions
  }

  /** Freezes, those between sessions and one that lasts still among them. */
  freezes(now: number): Pick<PictureCounters, 'freezes' | 'longestFreeze' | 'frozen'> {
    const { freezes, longestFreeze, frozen } = this.#freezes
    const ms = this.present(now)?.ms ?? 0
    return {
      freezes: freezes + (ms > 0 ? 1 : 0),
      longestFreeze: Math.max(longestFreeze, ms),
      frozen: frozen + ms,
    }
  }

  /**
   * To be called a few times a second: freezes that end between two calls, or come so close that a
   * call finds the next one under way, are told as one, not longer than the longest so far.
   *
   * @param keyframeAt of the present session
   */
  look(video: StreamFigures | undefined, keyframeAt: number | undefined, now: number): void {
    if (!video || keyframeAt === undefined) return
    const wholeAt = Math.max(keyframeAt, video.wholeAt ?? 0)
    if (this.#change) {
      this.#begin(keyframeAt, this.#change)
      // What happened before the session was seen is nobody's freeze.
      this.#known = { freezes: video.freezes, frozen: video.frozen }
    }
    this.#pictureAt = wholeAt
    // While a freeze lasts, the figures count it with what it has come to.
    if (video.freezes === this.#known.freezes || now - wholeAt > noticeable) return
    const frozen = video.frozen - this.#known.frozen
    this.#count(video.freezes - this.#known.freezes, frozen, video.longestFreeze)
    this.#known = { freezes: video.freezes, frozen: video.frozen }
    const ms = Math.min(frozen, video.longestFreeze)
    this.#note({ since: wholeAt - ms, ms, cause: 'stall' })
  }

  /** The session is over; call `look` before. What it froze for at its end is part of the gap. */
  over(cause: 'moved' | 'lost'): void {
    // The first cause counts: what follows is how the viewer got out of it.
    this.#change ??= cause
  }

  /** What lasts still, where it is long enough to be seen. */
  present(now: number): Interruption | undefined {
    if (this.#pictureAt === undefined) return undefined
    const ms = now - this.#pictureAt
    return ms > noticeable
      ? { since: this.#pictureAt, ms, cause: this.#change ?? 'stall' }
      : undefined
  }

  #begin(keyframeAt: number, cause: 'moved' | 'lost'): void {
    this.#change = undefined
    const since = this.#pictureAt
    if (since === undefined) return
    const ms = Math.max(0, keyframeAt - since)
    if (ms > noticeable) this.#count(1, ms, ms)
    this.#note({ since, ms, cause })
  }

  #count(freezes: number, frozen: number, longest: number): void {
    this.#freezes.freezes += freezes
    this.#freezes.frozen += frozen
    this.#freezes.longestFreeze = Math.max(this.#freezes.longestFreeze, longest)
  }

  #note(interruption: Interruption): void {
    if (this.#interruptions.length === mostInterruptions) this.#interruptions.shift()
    this.#interruptions.push(interruption)
  }
}
