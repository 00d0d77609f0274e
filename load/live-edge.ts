import { timestampDistance } from '#rtp/sequence.ts'

/** A viewer this close to the least lag it ever has is live: less than anybody notices. */
const tolerance = 100
/** Falls in lag smaller than this are not worth a record. */
const step = 20
/** Past this a lower lag means that clocks drift, not that a replay ends. */
const longestReplay = 30_000

interface LagRecord {
  readonly at: number
  readonly lag: number
}

/**
 * Finds out when a viewer had caught up with the live picture, from its packets alone.
 *
 * The lag of a packet is its arrival minus its RTP time, up to a constant. While a replay runs
 * faster than life the lag falls; at the live end it stays. So the viewer was live from the first
 * packet on whose lag lies within 100 ms of the least lag seen in the session's first 30 s.
 */
export class LiveEdge {
  readonly #ticksPerMs: number
  /** Falling lags, all within the tolerance of the last: six at most. */
  readonly #records: LagRecord[] = []
  #firstAt: number | undefined
  #timestamp = 0
  #ticks = 0

  /** @param clockRate ticks per second of the RTP timestamp */
  constructor(clockRate: number) {
    this.#ticksPerMs = clockRate / 1000
  }

  /** @param now monotonic ms at which a packet with this RTP timestamp came */
  receive(timestamp: number, now: number): void {
    this.#firstAt ??= now
    if (now - this.#firstAt > longestReplay) return
    if (this.#records.length > 0) this.#ticks += timestampDistance(this.#timestamp, timestamp)
    this.#timestamp = timestamp
    const lag = now - this.#ticks / this.#ticksPerMs
    const last = this.#records.at(-1)
    if (last && lag >= last.lag - step) return
    // The least lag only falls, so that what is too far above it now will never be live.
    while (this.#records[0] && this.#records[0].lag > lag + tolerance) this.#records.shift()
    this.#records.push({ at: now, lag })
  }

  /** Monotonic ms at which the lag last fell; undefined before the first packet. */
  get fellAt(): number | undefined {
    return this.#records.at(-1)?.at
  }

  /** Monotonic ms from which on the viewer was live; undefined before the first packet. */
  get liveAt(): number | undefined {
    const least = this.#records.at(-1)
    return least && this.#records.find(({ lag }) => lag <= least.lag + tolerance)?.at
  }
}
