/** Bytes of a replay that leave at once: the keyframe of most streams (DESIGN §6.6). */
export const replayBurst = 30_000

/** Never slower than this, in bytes per ms: 1 Mbit/s. */
const slowest = 125
/** Never faster, in bytes per ms: 50 Mbit/s. */
const fastest = 6_250
/** Times the media rate at which a replay starts, and the most it may reach. */
const startFactor = 1.5
const topFactor = 10
const bottomFactor = 1.2

// Single losses are weather: halving on each would hold a link with 1 % of it at walking pace.
// A replay that overruns its link loses a tenth and more at once.
const lightLoss = 0.03
const heavyLoss = 0.1

/**
 * How fast a replay may go (DESIGN §6.6): it starts little above the media rate, doubles with
 * each clean report of the receiver and halves when the link is overrun.
 */
export class ReplayPace {
  readonly #mediaRate: number
  #pace: number

  /** @param mediaRate of the layer, in bytes per ms */
  constructor(mediaRate: number) {
    this.#mediaRate = Math.max(mediaRate, slowest / topFactor)
    this.#pace = this.#bounded(this.#mediaRate * startFactor)
  }

  /** Bytes per ms. */
  get pace(): number {
    return this.#pace
  }

  /** Takes one report of what arrived. @returns the new pace, in bytes per ms */
  report(received: number, lost: number): number {
    const fraction = lost / Math.max(1, received + lost)
    if (fraction >= heavyLoss && lost > 1) this.#pace = this.#bounded(this.#pace / 2)
    else if (fraction <= lightLoss) this.#pace = this.#bounded(this.#pace * 2)
    return this.#pace
  }

  #bounded(pace: number): number {
    const top = Math.max(slowest, Math.min(fastest, this.#mediaRate * topFactor))
    const bottom = Math.max(slowest, this.#mediaRate * bottomFactor)
    return Math.min(Math.max(pace, bottom), Math.max(top, bottom))
  }
}
