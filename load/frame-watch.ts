/** Age of a hole, in ms, at which nobody asks for it any more: see `NackGenerator`. */
const giveUp = 1000
const maxHoles = 64
/** A gap is a freeze past 3 × the mean interval and 150 ms over it (webrtc-stats, freezeCount). */
const freezeFactor = 3
const freezeExtra = 150
/** Intervals that the mean is taken over. */
const meanOver = 30

interface Hole {
  /** The first number behind it. */
  readonly end: number
  readonly since: number
}

/** The numbers that have come, as far back as they are remembered. */
interface Numbers {
  readonly highest: number
  readonly size: number
  has(sequence: number): boolean
  isMarker(sequence: number): boolean
}

/**
 * Whole frames and freezes of one video stream, from sequence numbers and marker bits.
 *
 * A frame is whole when its marker has come, and every packet since the marker before it: where
 * one frame's last packet is missing, nobody can know that the next frame's first is not, and a
 * browser waits as well. Every `now` is monotonic ms.
 */
export class FrameWatch {
  readonly #numbers: Numbers
  readonly #holes: Hole[] = []
  /** First number that no frame was told of yet. */
  #cursor: number
  #isBroken = false
  #frames = 0
  #whole = 0
  #wholeAt = 0
  #intervals = 0
  #meanInterval = 0
  #freezes = 0
  #longestFreeze = 0
  #frozen = 0

  constructor(numbers: Numbers, first: number) {
    this.#numbers = numbers
    this.#cursor = first
  }

  /** The sender has started over: what was under way will not be whole. */
  restart(first: number): void {
    this.#holes.length = 0
    this.#cursor = first
    this.#isBroken = true
  }

  gapBefore(sequence: number, now: number): void {
    if (this.#holes.length === maxHoles) this.#holes.shift()
    this.#holes.push({ end: sequence, since: now })
  }

  /** Goes as far as the packets do. */
  walk(now: number): void {
    const numbers = this.#numbers
    for (; this.#cursor <= numbers.highest; this.#cursor++) {
      while (this.#holes[0] && this.#holes[0].end <= this.#cursor) this.#holes.shift()
      if (numbers.highest - this.#cursor >= numbers.size || !numbers.has(this.#cursor)) {
        if (!this.#givesUp(now)) return
        this.#isBroken = true
      } else if (numbers.isMarker(this.#cursor)) {
        this.#frames++
        if (!this.#isBroken) this.#complete(now)
        this.#isBroken = false
      }
    }
  }

  /** As in `StreamFigures`; a freeze that lasts until now counts. */
  figures(now: number) {
    const since = now - this.#wholeAt
    const frozenNow = this.#intervals > 0 && since > this.#freezeLimit ? since : 0
    return {
      frames: this.#frames,
      wholeFrames: this.#whole,
      freezes: this.#freezes + (frozenNow > 0 ? 1 : 0),
      longestFreeze: Math.max(this.#longestFreeze, frozenNow),
      frozen: this.#frozen + frozenNow,
      wholeAt: this.#whole > 0 ? this.#wholeAt : undefined,
    }
  }

  // A hole that is no longer listed is one too many.
  #givesUp(now: number): boolean {
    const [hole] = this.#holes
    const { highest, size } = this.#numbers
    return !hole || highest - this.#cursor >= size || now - hole.since >= giveUp
  }

  #complete(now: number): void {
    if (this.#whole++ > 0) {
      const gap = now - this.#wholeAt
      if (this.#intervals > 0 && gap > this.#freezeLimit) {
        this.#freezes++
        this.#frozen += gap
        this.#longestFreeze = Math.max(this.#longestFreeze, gap)
      }
      this.#intervals++
      this.#meanInterval += (gap - this.#meanInterval) / Math.min(this.#intervals, meanOver)
    }
    this.#wholeAt = now
  }

  get #freezeLimit(): number {
    return Math.max(freezeFactor * this.#meanInterval, this.#meanInterval + freezeExtra)
  }
}
