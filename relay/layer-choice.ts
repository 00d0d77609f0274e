import type { LogId } from '#native/media-plane.ts'

/** One encoding of the picture, as the choice of a viewer's layer sees it. */
export interface LayerOption {
  /** Its log: what tells it from the others. */
  readonly id: LogId
  /** Bits per second on the way to a viewer. */
  readonly rate: number
  /** Bytes since its last keyframe: what a viewer has to be sent first. */
  readonly backlog: number
  /** Has come for a while and still does, so that one may rely on it (BWE-79, 83). */
  readonly reliable: boolean
}

/** What the way to the viewer can carry. */
export interface LinkCapacity {
  /** Bits per second for the picture. */
  readonly usable: number
  /** Its queue grows or it loses much: nothing to wait and see about. */
  readonly congested: boolean
}

/**
 * A layer stays while the link carries this part of its rate (BWE-77), and is gone up to where it
 * carries that much (BWE-76): between the two nothing changes.
 */
const tooLittle = 0.95
const ample = 1.15
/** A pause ends when the smallest layer fits this much over (BWE-87). */
const ampleAfterPause = 1.2
/** Ms of too little before a smaller layer is chosen, and before the picture pauses. */
const downAfter = 500
const pauseAfter = 4_000
/** Ms of ample room before a larger one is. */
const upAfter = 1_000
/**
 * Ms after a way down before one up: the first time short, since links do recover; four times as
 * long each time that the larger layer soon proves too much again (BWE-78).
 */
const shortestBlock = 4_000
const longestBlock = 60_000
const blockFactor = 4
/** Ms: a way up that lasted longer was no mistake. */
const provenAfter = 20_000
/** Ms that catching up with a smaller layer may take: until then the picture lags. */
const longestCatchUp = 1_000
/** Less than this part of a layer's rate is no misjudgement of the layer, but another link. */
const collapsed = 0.6
/** Ms after a way up in which the new layer is given time to settle. */
const settleTime = 1_500

/**
 * Which layer a viewer gets: down at once, up with patience, and never to and fro. `undefined`
 * as a layer is none: where not even the smallest fits, sound alone is better (BWE-87).
 *
 * Sans-IO; `now` is monotonic ms.
 */
export class LayerChoice {
  #current: LogId | undefined
  #paused = false
  #shortSince: number | undefined
  #ampleSince: number | undefined
  #upAt = Number.NEGATIVE_INFINITY
  #congestedAt = Number.NEGATIVE_INFINITY
  #fellAt = Number.NEGATIVE_INFINITY
  #block = shortestBlock
  #blockedUntil = Number.NEGATIVE_INFINITY

  /** The layer to send; undefined before the first decision and in a pause. */
  get current(): LogId | undefined {
    return this.#paused ? undefined : this.#current
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Nothing is known of the next publication's layers. */
  reset(): void {
    this.#current = undefined
    this.#paused = false
    this.#shortSince = undefined
    this.#ampleSince = undefined
  }

  /**
   * @param options from the smallest picture to the largest, allowed ones only
   * @returns the layer to send from now on; undefined for none
   */
  decide(options: readonly LayerOption[], link: LinkCapacity, now: number): LogId | undefined {
    const choices = options.some(({ reliable }) => reliable)
      ? options.filter(({ reliable }) => reliable)
      : options
    const at = choices.findIndex(({ id }) => id === this.#current)
    if (link.congested) this.#congestedAt = now
    if (choices.length === 0) this.#take(undefined)
    else if (this.#paused) this.#resume(choices, link, now)
    else if (at < 0) this.#take(largestThatFits(choices, link.usable) ?? choices[0])
    else if (!this.#goDown(choices, at, link, now)) this.#goUp(choices, at, link, now)
    return this.current
  }

  /**
   * What the link would have to carry for the largest layer, in bits per second: worth a probe,
   * which tells as well how far up it goes if not all the way. Undefined when there is none
   * larger, or it is not yet time.
   */
  wanted(options: readonly LayerOption[], now: number): number | undefined {
    if (now < this.#blockedUntil) return undefined
    if (this.#paused) return options[0] && options[0].rate * ampleAfterPause
    const at = options.findIndex(({ id }) => id === this.#current)
    const largest = options.slice(at + 1).findLast(({ reliable }) => reliable)
    return at < 0 || !largest ? undefined : largest.rate * ample
  }

  #goDown(
    choices: readonly LayerOption[],
    at: number,
    { usable, congested }: LinkCapacity,
    now: number,
  ): boolean {
    const { rate } = choices[at]!
    // The keyframe that a step up begins with looks like congestion, and is over in a second. What
    // is sent of the smallest layer bounds what can be seen of the link, so it stays until less
    // than that gets through.
    const enough = at === 0 || now - this.#upAt < settleTime ? collapsed : tooLittle
    if (usable >= enough * rate) {
      this.#shortSince = undefined
      return false
    }
    this.#ampleSince = undefined
    this.#shortSince ??= now
    const short = now - this.#shortSince
    if (at === 0) {
      if (now - this.#congestedAt > pauseAfter / 2) this.#shortSince = now
      if (short < pauseAfter) return true
      this.#paused = true
    } else {
      if (!congested && short < downAfter) return true
      const lower = choices.slice(0, at)
      this.#take(lower.findLast((layer) => catchesUp(layer, usable)) ?? choices[0])
    }
    this.#fall(usable >= collapsed * choices[at]!.rate, now)
    return true
  }

  // From the largest to the smallest in three steps is one fall. A link that has lost half of its
  // rate at once says nothing about the step up before.
  #fall(marginal: boolean, now: number): void {
    if (this.#upAt > this.#fellAt) {
      const proved = now - this.#upAt >= provenAfter || !marginal
      this.#block = proved ? shortestBlock : Math.min(this.#block * blockFactor, longestBlock)
    }
    this.#fellAt = now
    this.#blockedUntil = now + this.#block
  }

  #goUp(
    choices: readonly LayerOption[],
    at: number,
    { usable, congested }: LinkCapacity,
    now: number,
  ): void {
    const better = largestThatFits(choices.slice(at + 1), usable / ample)
    if (!better || congested || now < this.#blockedUntil) {
      this.#ampleSince = undefined
      return
    }
    this.#ampleSince ??= now
    if (now - this.#ampleSince < upAfter) return
    this.#take(better)
    this.#upAt = now
  }

  #resume(choices: readonly LayerOption[], { usable }: LinkCapacity, now: number): void {
    const smallest = choices[0]!
    const isAmple = usable >= smallest.rate * ampleAfterPause
    // Nothing is sent by which the link could show more: in the end only trying helps.
    const isTried = now >= this.#blockedUntil + this.#block
    if (now < this.#blockedUntil || !(isAmple || isTried)) return
    this.#take(smallest)
    this.#upAt = now
  }

  #take(layer: LayerOption | undefined): void {
    this.#current = layer?.id
    this.#paused = false
    this.#shortSince = undefined
    this.#ampleSince = undefined
  }
}

/** Whether the link carries the layer, and soon what of it a viewer lacks besides. */
function catchesUp({ rate, backlog }: LayerOption, usable: number): boolean {
  return backlog * 8000 <= (usable - rate) * longestCatchUp
}

function largestThatFits(layers: readonly LayerOption[], usable: number): LayerOption | undefined {
  return layers.findLast(({ rate }) => rate <= usable)
}
