import type { Audience } from './audience.ts'
import { Histogram } from './histogram.ts'
import type { Percentiles } from './percentiles.ts'
import { type ProcessReading, readProcess } from './process-meter.ts'
import type { Totals } from './viewer-result.ts'

/** One point of a run's curves; rates are over the time since the point before. */
export interface Sample {
  /** Seconds since the run began. */
  readonly at: number
  readonly viewers: number
  readonly packetsPerSecond: number
  readonly bitsPerSecond: number
  /** Share of the expected packets that had not come, in percent. */
  readonly lossPercent: number
  readonly freezes: number
  /** Age of the pictures in ms, where any was measured. */
  readonly latency: Percentiles | undefined
  /** The server's process, where `--pid` named it and it lives. */
  readonly server: ProcessReading | undefined
  /** The load tool itself. */
  readonly tool: ProcessReading | undefined
}

/** A moment of a run: what had been received, and what it had cost. */
export interface Mark {
  /** Monotonic ms. */
  readonly at: number
  readonly viewers: number
  readonly totals: Totals
  readonly server: ProcessReading | undefined
  readonly tool: ProcessReading | undefined
}

export interface RunMeterOptions {
  readonly audience: Audience
  readonly now: () => number
  /** Of the server's process. */
  readonly pid: number | undefined
}

/** Looks at a run from outside: totals, the two processes, and the latency so far. */
export class RunMeter {
  readonly #options: RunMeterOptions
  readonly #latency = new Histogram()
  readonly #samples: Sample[] = []
  readonly #start: Mark
  #last: Mark

  constructor(options: RunMeterOptions) {
    this.#options = options
    this.#start = this.mark()
    this.#last = this.#start
  }

  /** Before the first viewer. */
  get start(): Mark {
    return this.#start
  }

  get samples(): readonly Sample[] {
    return this.#samples
  }

  mark(): Mark {
    const { audience, now, pid } = this.#options
    return {
      at: now(),
      viewers: audience.size,
      totals: audience.totals,
      server: pid === undefined ? undefined : readProcess(pid),
      tool: readProcess(process.pid),
    }
  }

  /** Adds a point to the curves. */
  sample(): void {
    const mark = this.mark()
    const latency = this.#options.audience.takeLatency()
    this.#latency.merge(latency)
    const { packets, bytes, lost, freezes } = difference(mark.totals, this.#last.totals)
    const seconds = Math.max(1e-3, (mark.at - this.#last.at) / 1000)
    this.#samples.push({
      at: (mark.at - this.#start.at) / 1000,
      viewers: mark.viewers,
      packetsPerSecond: packets / seconds,
      bitsPerSecond: (8 * bytes) / seconds,
      // What was missing at the last point may have come since.
      lossPercent: packets + lost <= 0 ? 0 : Math.max(0, (100 * lost) / (packets + lost)),
      freezes,
      latency: latency.percentiles,
      server: mark.server,
      tool: mark.tool,
    })
    this.#last = mark
  }

  /** All latencies so far. */
  get latency(): Histogram {
    this.#latency.merge(this.#options.audience.takeLatency())
    return this.#latency
  }
}

export function difference(later: Totals, earlier: Totals): Totals {
  return {
    packets: later.packets - earlier.packets,
    bytes: later.bytes - earlier.bytes,
    lost: later.lost - earlier.lost,
    freezes: later.freezes - earlier.freezes,
  }
}
