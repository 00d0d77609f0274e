import { LinkCapacity } from './link-capacity.ts'
import type { Usage } from './overuse-detector.ts'

/** Of what arrives, at overuse (BWE-27); a little less yet, in bits per second. */
const backOff = 0.85
const extraBackOff = 5000
/** In a second, far from what the link is known to carry; bits per second at least (BWE-30). */
const growth = 1.08
const leastGrowth = 1000
/** Bits per second in each second, near it (BWE-31). */
const leastStep = 4000
/** Ms that an encoder and the detector take, beside the round trip (BWE-31). */
const reaction = 100
const framesPerSecond = 30
const packetBits = 1200 * 8
/** Of what arrives, and bits per second on top, is as far as growth goes (BWE-33). */
const headroom = 1.5
const headroomBits = 10_000
/** Ms between two ways down: the round trip within these (BWE-28, 29). */
const leastInterval = 10
const greatestInterval = 200

/** What the control goes by besides the usage. */
export interface RateInput {
  /** Bits per second that arrive, where known. */
  readonly acknowledged: number | undefined
  /** Ms. */
  readonly roundTrip: number
  /** The sender has less to send than it might: nothing proves that more would fit (BWE-35). */
  readonly applicationLimited: boolean
}

/**
 * Additive increase, multiplicative decrease by what the delay says (BWE-26..38). Rates in bits
 * per second, `now` in monotonic ms.
 */
export class RateControl {
  readonly #capacity = new LinkCapacity()
  readonly #minimum: number
  readonly #maximum: number
  #target: number
  #holding = true
  #changedAt: number | undefined

  constructor(start: number, minimum: number, maximum: number) {
    this.#minimum = minimum
    this.#maximum = maximum
    this.#target = start
  }

  get target(): number {
    return this.#target
  }

  /** @returns whether that was a way down */
  update(usage: Usage, input: RateInput, now: number): boolean {
    this.#changedAt ??= now
    if (usage === 'overuse') return this.#mayDecrease(input, now) && this.#decrease(input, now)
    if (usage === 'underuse') {
      this.#holding = true
    } else if (this.#holding) {
      this.#holding = false
      this.#changedAt = now
    } else {
      this.#increase(input, now)
    }
    return false
  }

  /** A probe has shown what the link carries (BWE-36). */
  set(rate: number, now: number): void {
    this.#capacity.probed(rate)
    this.#target = this.#bounded(rate)
    this.#changedAt = now
  }

  /** What the other bounds leave: growth goes on from there (BWE-45, 47). */
  limit(rate: number): void {
    this.#target = this.#bounded(Math.min(this.#target, rate))
  }

  #mayDecrease({ acknowledged, roundTrip }: RateInput, now: number): boolean {
    const since = now - (this.#changedAt ?? now)
    if (acknowledged === undefined) return since >= greatestInterval
    const interval = Math.min(Math.max(roundTrip, leastInterval), greatestInterval)
    return since >= interval || acknowledged < this.#target / 2
  }

  #decrease({ acknowledged }: RateInput, now: number): boolean {
    const before = this.#target
    this.#changedAt = now
    this.#holding = true
    if (acknowledged === undefined) {
      this.#target = this.#bounded(before / 2)
      return this.#target < before
    }
    const backed = acknowledged * backOff
    let candidate = backed > extraBackOff ? backed - extraBackOff : backed
    // More arrives than the target says: then what the link carried before counts.
    if (candidate > before) candidate = backOff * (this.#capacity.mean ?? candidate / backOff)
    if (candidate < before) this.#target = this.#bounded(candidate)
    if (acknowledged < this.#capacity.lower) this.#capacity.forget()
    this.#capacity.overused(acknowledged)
    return this.#target < before
  }

  #increase({ acknowledged, roundTrip, applicationLimited }: RateInput, now: number): void {
    const seconds = Math.min(Math.max(0, now - this.#changedAt!), 1000) / 1000
    this.#changedAt = now
    if (acknowledged !== undefined && acknowledged > this.#capacity.upper) this.#capacity.forget()
    const ceiling =
      acknowledged === undefined ? Number.POSITIVE_INFINITY : headroom * acknowledged + headroomBits
    if (applicationLimited || this.#target >= ceiling) return
    const step =
      this.#capacity.mean === undefined
        ? Math.max(this.#target * (growth ** seconds - 1), leastGrowth)
        : this.#step(roundTrip) * seconds
    this.#target = this.#bounded(Math.min(this.#target + step, ceiling))
  }

  /** Bits per second in each second: about a packet per time that the loop takes. */
  #step(roundTrip: number): number {
    const frame = this.#target / framesPerSecond
    const packet = frame / Math.max(1, Math.ceil(frame / packetBits))
    const response = (2 * (roundTrip + reaction)) / 1000
    return Math.max(leastStep, packet / response)
  }

  #bounded(rate: number): number {
    return Math.min(Math.max(rate, this.#minimum), this.#maximum)
  }
}
