import type { Replay } from '#native/media-plane.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'

/** What one report of a receiver tells about the link to it. */
export type LinkReport = Pick<FeedbackDigest, 'received' | 'lost' | 'queueing' | 'delivered'>

/** Bytes of a replay that leave at once (DESIGN §6.6). */
const replayBurst = 30_000
/**
 * Bytes after that which leave at `leadPace`, whatever the media rate: a keyframe of HD weighs
 * 100 kB, and at 1.5 times the media rate its last packet would come a tenth of a second late.
 */
const replayLead = 100_000
/** 25 Mbit/s, in bytes per ms: 130 kB of it fit the queue of a link a fifth as fast. */
export const leadPace = 3_125

/** Never slower than this, in bytes per ms: 1 Mbit/s. */
const slowest = 125
/** Never faster, in bytes per ms: 50 Mbit/s. */
const fastest = 6_250
/** Times the media rate at which a replay starts, and the most it may reach. */
const startFactor = 1.5
const topFactor = 10
const bottomFactor = 1.2
/**
 * Of a link that is known. With its queue full: the rest is for sound, for repairs, and for the
 * queue to empty. Else a little more than it is known to carry: a keyframe of the next layer would
 * take half a second, and at twice the rate it would look like congestion.
 */
const mostOfLink = 0.8
const freeShare = 1.25

// Single losses are weather: halving on each would hold a link with 1 % of it at walking pace.
// A replay that overruns its link loses a tenth and more at once.
const lightLoss = 0.03
const heavyLoss = 0.1
/** Ms of waiting in the link's queue below which there is room, and above which there is none. */
const shortQueue = 20
const longQueue = 45
/** Of what the link was seen to deliver: less than all, so that its queue empties. */
const drain = 0.85
/** Step up once the link's rate has been met: doubling would only fill the queue again. */
const carefulStep = 1.1

/** Of a known link, what may leave at once, in ms of its rate. */
const burstTime = 50

/** A link whose rate is estimated. */
export interface LinkState {
  /** Bytes per ms. */
  readonly rate: number
  /** Its queue is full now. */
  readonly congested: boolean
}

/**
 * How fast a replay may go (DESIGN §6.6): it starts little above the media rate, doubles with
 * each clean report of the receiver, and steps back to what the link delivers when its queue
 * grows or it loses packets.
 */
export class ReplayPace {
  #mediaRate = slowest / topFactor
  #pace = slowest
  #metLimit = false
  #floor = slowest
  #shareOfLink = mostOfLink

  /**
   * A replay begins, or begins again: what was learnt of the link stays.
   *
   * @param mediaRate of the layer, in bytes per ms
   * @param link what it is known to carry, in bytes per ms, and whether its queue is full now
   * @returns bytes per ms
   */
  begin(mediaRate: number, link?: LinkState): number {
    this.#mediaRate = Math.max(mediaRate, slowest / topFactor)
    if (!link) {
      const start = this.#mediaRate * startFactor
      this.#pace = this.#bounded(this.#metLimit ? Math.min(start, this.#pace) : start)
    } else {
      this.#shareOfLink = link.congested ? mostOfLink : freeShare
      this.follow(link.rate)
    }
    return this.#pace
  }

  /**
   * Of a link whose rate is estimated, a replay takes what the estimate leaves it.
   *
   * @param linkRate bytes per ms
   * @returns bytes per ms
   */
  follow(linkRate: number): number {
    this.#metLimit = true
    this.#pace = linkRate * this.#shareOfLink
    return this.#pace
  }

  /**
   * How a replay begins.
   *
   * @param keyframeBytes where little is known of the link, and the layer is a small one for its
   *   sake: then nothing but the keyframe goes ahead
   * @param link as for `begin`
   */
  plan(
    mediaRate: number,
    keyframeBytes: number | undefined,
    link?: LinkState,
  ): Pick<Replay, 'pace' | 'burst' | 'lead'> {
    this.#floor = keyframeBytes === undefined ? slowest : 0
    const pace = this.begin(mediaRate, link)
    const ahead = link
      ? 0
      : Math.min(keyframeBytes ?? replayBurst + replayLead, replayBurst + replayLead)
    const burst = Math.min(replayBurst, ahead)
    return {
      pace,
      // Nothing at once where the link's queue is full.
      burst: link ? (link.congested ? 0 : link.rate * burstTime) : burst,
      lead: { bytes: ahead - burst, pace: this.lead },
    }
  }

  /** Bytes per ms. */
  get pace(): number {
    return this.#pace
  }

  /** Bytes per ms for the keyframe; no faster than a link that has shown its limit. */
  get lead(): number {
    return this.#metLimit ? this.#pace : leadPace
  }

  /** Takes one report of what arrived. @returns the new pace, in bytes per ms */
  report({ received, lost, queueing, delivered }: LinkReport): number {
    const fraction = lost / Math.max(1, received + lost)
    if ((queueing ?? 0) > longQueue && delivered !== undefined) {
      this.#limit(Math.min(this.#pace, delivered * drain))
    } else if (fraction >= heavyLoss && lost > 1) {
      this.#limit(this.#pace / 2)
    } else if (fraction <= lightLoss && (queueing ?? 0) < shortQueue) {
      this.#pace = this.#bounded(this.#pace * (this.#metLimit ? carefulStep : 2))
    }
    return this.#pace
  }

  #limit(pace: number): void {
    this.#metLimit = true
    this.#pace = this.#bounded(pace)
  }

  #bounded(pace: number): number {
    const top = Math.max(this.#floor, Math.min(fastest, this.#mediaRate * topFactor))
    const bottom = Math.max(this.#floor, this.#mediaRate * bottomFactor)
    return Math.min(Math.max(pace, bottom), Math.max(top, bottom))
  }
}
