import type { Clip, ClipFrame } from './clip.ts'

/** One frame with its place in endless time. */
export interface DueFrame {
  readonly frame: ClipFrame
  /** Milliseconds of media since the first round began. */
  readonly media: number
}

/**
 * When which frame of a looped clip leaves. Times are computed from the start, never from the
 * frame before, so that no error adds up however long it runs.
 */
export class ClipSchedule {
  readonly #clip: Clip
  readonly #start: number
  #round = 0
  #next = 0

  /** @param start monotonic ms at which the first frame leaves */
  constructor(clip: Clip, start: number) {
    this.#clip = clip
    this.#start = start
  }

  /** Monotonic ms at which the next frame leaves. */
  get nextAt(): number {
    return this.#start + this.#media
  }

  /** Media time that goes with a moment, in ms. */
  mediaAt(now: number): number {
    return now - this.#start
  }

  /** The next frame if it is due; call again until there is none. */
  take(now: number): DueFrame | undefined {
    if (this.nextAt > now) return undefined
    const due = { frame: this.#clip.frames[this.#next]!, media: this.#media }
    this.#next++
    if (this.#next === this.#clip.frames.length) {
      this.#next = 0
      this.#round++
    }
    return due
  }

  get #media(): number {
    return this.#round * this.#clip.duration + this.#clip.frames[this.#next]!.at
  }
}
