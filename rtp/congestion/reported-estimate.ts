import { growth, growthBits, heavyLoss, lightLoss } from './loss-bound.ts'
import type { Usage } from './overuse-detector.ts'

/** Ms between two ways up or down, whatever more is reported. */
const interval = 300
/** Ms after which the receiver's own estimate is not its estimate any more. */
const rembLifetime = 5_000

/**
 * What the way to a receiver carries, by what that tells without transport-wide feedback: its own
 * estimate (REMB) and the loss in its reports (BWE-89). Coarse and slow, and it cannot see a queue.
 *
 * Sans-IO. Rates in bits per second, `now` in monotonic ms.
 */
export class ReportedEstimate {
  readonly #minimum: number
  #bound: number
  #remb = Number.POSITIVE_INFINITY
  #rembAt = Number.NEGATIVE_INFINITY
  #changedAt = Number.NEGATIVE_INFINITY
  #fraction = 0

  constructor({ start, minimum }: { readonly start: number; readonly minimum: number }) {
    this.#bound = start
    this.#minimum = minimum
  }

  get estimate(): number {
    return Math.max(this.#minimum, Math.min(this.#bound, this.#remb))
  }

  /** 0–1, as last reported. */
  get lossFraction(): number {
    return this.#fraction
  }

  get state(): Usage {
    return this.#fraction > heavyLoss ? 'overuse' : 'normal'
  }

  /** The receiver's own estimate of what it can get (REMB). */
  receiverEstimate(bits: number, now: number): void {
    this.#remb = bits
    this.#rembAt = now
  }

  /**
   * @param fraction lost of the last interval, 0–1
   * @param useful a rate above which nothing more could be sent: it grows no further
   */
  loss(fraction: number, useful: number, now: number): void {
    this.#fraction = fraction
    if (now - this.#rembAt > rembLifetime) this.#remb = Number.POSITIVE_INFINITY
    if (now - this.#changedAt < interval) return
    this.#changedAt = now
    if (fraction > heavyLoss) {
      this.#bound = Math.max(this.#minimum, this.estimate * (1 - fraction / 2))
    } else if (fraction <= lightLoss && this.#bound < useful) {
      // A receiver that says what it can get is believed at once, but it may say anything.
      const grown = this.#bound * growth + growthBits
      const told = Number.isFinite(this.#remb) ? Math.max(grown, this.#remb) : grown
      this.#bound = Math.min(told, useful)
    }
  }
}
