import { wallFromNtp } from '#rtp/ntp.ts'
import { timestampDistance } from '#rtp/sequence.ts'
import { LiveEdge } from './live-edge.ts'

/** Time without catching up, in ms, after which a replay is over. */
const settled = 2000

/**
 * How old the packets of one stream are when they come: their capture time, by the mapping of the
 * newest sender report (RFC 3550 §6.4.1), against the clock of this machine. What a replay brings
 * is old on purpose and not measured.
 */
export class CaptureLatency {
  readonly #ticksPerMs: number
  readonly #edge: LiveEdge
  #report: { readonly wall: number; readonly rtpTimestamp: number } | undefined

  /** @param clockRate ticks per second of the RTP timestamp */
  constructor(clockRate: number) {
    this.#ticksPerMs = clockRate / 1000
    this.#edge = new LiveEdge(clockRate)
  }

  receiveSenderReport(ntp: bigint, rtpTimestamp: number): void {
    this.#report = { wall: wallFromNtp(ntp), rtpTimestamp }
  }

  /**
   * @param now monotonic ms at which a packet with this timestamp came
   * @param wall the same moment in ms since the Unix epoch
   * @returns its age in ms, negative where clocks differ; undefined while that cannot be told
   */
  measure(timestamp: number, now: number, wall: number): number | undefined {
    this.#edge.receive(timestamp, now)
    const { fellAt } = this.#edge
    if (!this.#report || fellAt === undefined || now - fellAt < settled) return undefined
    const ticks = timestampDistance(this.#report.rtpTimestamp, timestamp)
    return wall - (this.#report.wall + ticks / this.#ticksPerMs)
  }
}
