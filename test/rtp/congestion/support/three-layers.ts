import { LayerChoice } from '#relay/layer-choice.ts'
import type { BandwidthEstimator } from '#rtp/congestion/bandwidth-estimator.ts'

/** Bits per second. */
const rates = [250_000, 800_000, 2_500_000]
const repairShare = 0.03
const heavyLoss = 0.1
const options = rates.map((rate, id) => ({ id, rate, backlog: rate / 8, reliable: true }))

/** A viewer's choice among three layers, as `relay/adaptation.ts` makes it. `now` in ms. */
export class ThreeLayers {
  readonly switches: { readonly at: number; readonly to: number }[] = []
  readonly #choice = new LayerChoice()

  /** @returns bits per second of the layer to send */
  media({ estimate, state, lossFraction }: BandwidthEstimator, now: number): number {
    const before = this.#choice.current
    const usable = estimate * (1 - repairShare)
    const congested = state === 'overuse' || lossFraction > heavyLoss
    const to = this.#choice.decide(options, { usable, congested }, now) ?? 0
    if (to !== before) this.switches.push({ at: now, to })
    return rates[to]!
  }

  /** Bits per second that the estimate is to reach for the next layer; 0 for none. */
  wanted(now: number): number {
    return (this.#choice.wanted(options, now) ?? 0) / (1 - repairShare)
  }
}
