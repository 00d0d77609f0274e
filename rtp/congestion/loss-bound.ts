/** Packets that tell a fraction (BWE-39), and ms: single losses at a low rate are weather. */
const enoughPackets = 20
const enoughTime = 200
/** Up to the first it grows, past the second it falls (BWE-40..42). */
export const lightLoss = 0.02
export const heavyLoss = 0.1
/** Of the least in the last second, and bits per second. */
export const growth = 1.08
export const growthBits = 1000
const historySpan = 1000
/** Of the last second's targets, the least of each such slot, in ms. */
const slotSpan = 100
const slots = historySpan / slotSpan
/** Ms beside the round trip between two ways down. */
const decreaseInterval = 300
/** Ms from the first report in which the delay alone counts, until a loss (BWE-43). */
const fastStart = 2000
/** Ms after a collapse in which what its queue still lost is told. */
const collapseTime = 500
/** Ms after which a loss report says nothing any more (BWE-44). */
const lifetime = 6000

/** What loss leaves of the rate that the delay allows (BWE-39..45). Rates in bits per second. */
export class LossBound {
  readonly #minimum: number
  #target: number
  /** Fraction, 0–1, as last reported. */
  #fraction = 0
  #received = 0
  #lost = 0
  #countedSince: number | undefined
  #toldAt = Number.NEGATIVE_INFINITY
  #firstAt: number | undefined
  #everLost = false
  #decreasedAt = Number.NEGATIVE_INFINITY
  #spent = true
  readonly #least = new Float64Array(slots).fill(Number.POSITIVE_INFINITY)
  #slot = 0

  constructor(start: number, minimum: number) {
    this.#target = start
    this.#minimum = minimum
  }

  get target(): number {
    return this.#target
  }

  /** 0–1, of the last 20 packets and 200 ms at least. */
  get fraction(): number {
    return this.#fraction
  }

  /** It is the loss that holds the rate down. */
  get limiting(): boolean {
    return this.#fraction > lightLoss
  }

  /** @param lost may be negative, as in `FeedbackDigest` */
  count(received: number, lost: number, now: number): void {
    this.#firstAt ??= now
    this.#countedSince ??= now
    this.#received += received
    this.#lost += lost
    if (lost > 0) this.#everLost = true
    const expected = this.#received + this.#lost
    if (expected < enoughPackets || now - this.#countedSince < enoughTime) return
    this.#fraction = Math.min(1, Math.max(0, this.#lost / expected))
    this.#received = 0
    this.#lost = 0
    this.#countedSince = now
    this.#toldAt = now
    this.#spent = false
  }

  /** @param ceiling bits per second that the delay allows */
  update(ceiling: number, roundTrip: number, now: number): void {
    const fresh = now - this.#toldAt < lifetime
    if (!fresh) this.#fraction = 0
    const starting = now - (this.#firstAt ?? now) < fastStart && !this.#everLost
    const least = this.#leastOfSecond(now)
    if (starting) {
      this.#target = ceiling
    } else if (fresh && this.#fraction <= lightLoss) {
      this.#target = Math.max(this.#target, least * growth + growthBits)
    } else if (fresh && this.#fraction > heavyLoss) {
      if (!this.#spent && now - this.#decreasedAt >= decreaseInterval + roundTrip) {
        this.#target *= 1 - this.#fraction / 2
        this.#decreasedAt = now
        this.#spent = true
      }
    }
    this.#target = Math.max(this.#minimum, Math.min(this.#target, ceiling))
    const slot = Math.floor(now / slotSpan) % slots
    this.#least[slot] = Math.min(this.#least[slot]!, this.#target)
  }

  /** A probe has shown what the link carries. */
  set(rate: number): void {
    this.#target = Math.max(this.#minimum, rate)
    this.#least.fill(rate)
  }

  /** What was lost has been reckoned with: it counts no more. */
  collapse(rate: number, now: number): void {
    this.set(rate)
    this.#received = 0
    this.#lost = 0
    this.#countedSince = now
    this.#spent = true
    this.#decreasedAt = now + collapseTime
  }

  #leastOfSecond(now: number): number {
    const slot = Math.floor(now / slotSpan)
    for (let next = Math.max(this.#slot + 1, slot - slots + 1); next <= slot; next++) {
      this.#least[next % slots] = Number.POSITIVE_INFINITY
    }
    this.#slot = slot
    let least = this.#target
    for (let i = 0; i < slots; i++) least = Math.min(least, this.#least[i]!)
    return least
  }
}
