/** Bits per second. */
const rates = [250_000, 800_000, 2_500_000]
const ample = 1.15
const tooLittle = 0.95
/** Ms. */
const upAfter = 1000
const downAfter = 500
const blockAfterDown = 4000

/** A viewer's choice among three layers, as plain as can be. `now` in ms. */
export class ThreeLayers {
  readonly switches: { readonly at: number; readonly to: number }[] = []
  #current = 0
  #ampleSince: number | undefined
  #shortSince: number | undefined
  #blockedUntil = 0

  /** @returns bits per second of the layer to send */
  media(estimate: number, now: number): number {
    const fits = Math.max(
      0,
      rates.findLastIndex((rate) => rate * ample <= estimate),
    )
    if (estimate >= rates[this.#current]! * tooLittle) this.#shortSince = undefined
    else this.#shortSince ??= now
    if (fits <= this.#current || now < this.#blockedUntil) this.#ampleSince = undefined
    else this.#ampleSince ??= now
    if (this.#ampleSince !== undefined && now - this.#ampleSince >= upAfter) {
      this.#take(fits, now)
    } else if (this.#current > 0 && now - (this.#shortSince ?? now) >= downAfter) {
      this.#take(Math.min(this.#current - 1, fits), now)
      this.#blockedUntil = now + blockAfterDown
    }
    return rates[this.#current]!
  }

  /** Bits per second that the estimate is to reach for the next layer; 0 for none. */
  wanted(now: number): number {
    return now < this.#blockedUntil ? 0 : (rates[this.#current + 1] ?? 0) * ample
  }

  #take(layer: number, now: number): void {
    this.#current = layer
    this.#ampleSince = undefined
    this.#shortSince = undefined
    this.switches.push({ at: now, to: layer })
  }
}
