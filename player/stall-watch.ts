/** A frame is due every 40 ms or so; after this long the viewer has noticed. */
const stalledMs = 2000

/** The server repairs within a second or two what it can; after this a new session is better. */
const hopelessMs = 6000

/** Tells a picture that stands still from one that moves. `now` is ms of `performance.now()`. */
export class StallWatch {
  #progress = 0
  #movedAt: number

  constructor(now: number) {
    this.#movedAt = now
  }

  /** @param progress any count that grows while media comes */
  update(progress: number, now: number): 'moving' | 'stalled' | 'hopeless' {
    if (progress !== this.#progress) {
      this.#progress = progress
      this.#movedAt = now
    }
    const still = now - this.#movedAt
    if (still < stalledMs) return 'moving'
    return still < hopelessMs ? 'stalled' : 'hopeless'
  }

  /** The stillness has a reason: begin to count anew. */
  excuse(now: number): void {
    this.#movedAt = Math.max(this.#movedAt, now - stalledMs)
  }
}
