/** Wait for a complete keyframe before the first PLI, and between two, in ms. */
const firstWait = 500
const interval = 1000

/**
 * When a viewer asks for a keyframe, as a browser does: every second while it has none, and once
 * when a loss was not repaired. Sans-IO: every `now` is monotonic ms.
 */
export class KeyframeAsking {
  #isWaiting = false
  #dueAt = Number.POSITIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #count = 0

  /** Whether the first keyframe has still to be complete. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** How often `poll` said to ask. */
  get count(): number {
    return this.#count
  }

  get nextTimeout(): number {
    return this.#dueAt
  }

  /** The first packet of the video has come. */
  begin(now: number): void {
    this.#isWaiting = true
    this.#dueAt = now + firstWait
  }

  /** There is a picture. */
  end(): void {
    this.#isWaiting = false
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  /** Only a keyframe mends the picture now. */
  need(): void {
    this.#dueAt = Math.min(this.#dueAt, this.#askedAt + interval)
  }

  /** @returns whether to ask now */
  poll(now: number): boolean {
    if (now < this.#dueAt) return false
    this.#count++
    this.#askedAt = now
    this.#dueAt = this.#isWaiting ? now + interval : Number.POSITIVE_INFINITY
    return true
  }
}
