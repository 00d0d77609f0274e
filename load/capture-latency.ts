import { wallFromNtp } from '#rtp/ntp.ts'
import { timestampDistance } from '#rtp/sequence.ts'
import { LiveEdge } from './live-edge.ts'

/** Time without catching up, in ms, after which a replay is over. */
const settled = 2000

/** That a picture with this RTP timestamp was captured at this wall time. */
interface Moment {
  readonly rtpTimestamp: number
  readonly wall: number
}

/** The age of a picture, in ms, negative where clocks differ. */
export interface Age {
  readonly ms: number
  /** Whether a mark in the pictures told, and not the server. */
  readonly isMarked: boolean
}

/**
 * How old the packets of one stream are when they come: their capture time against the clock of
 * this machine. Capture time is told by marks in the pictures where there are any: see
 * `capture-mark.ts`. Otherwise by the newest sender report (RFC 3550 §6.4.1), which is what the
 * server believes. What a replay brings is old on purpose and not measured.
 */
export class CaptureLatency {
  readonly #ticksPerMs: number
  readonly #edge: LiveEdge
  #report: Moment | undefined
  #mark: Moment | undefined

  /** @param clockRate ticks per second of the RTP timestamp */
  constructor(clockRate: number) {
    this.#ticksPerMs = clockRate / 1000
    this.#edge = new LiveEdge(clockRate)
  }

  receiveSenderReport(ntp: bigint, rtpTimestamp: number): void {
    this.#report = { wall: wallFromNtp(ntp), rtpTimestamp }
  }

  /** @param wall ms since the Unix epoch at which the picture of this timestamp was captured */
  receiveMark(rtpTimestamp: number, wall: number): void {
    this.#mark = { rtpTimestamp, wall }
  }

  /**
   * @param now monotonic ms at which a packet with this timestamp came
   * @param wall the same moment in ms since the Unix epoch
   * @returns undefined while it cannot be told
   */
  measure(timestamp: number, now: number, wall: number): Age | undefined {
    this.#edge.receive(timestamp, now)
    const { fellAt } = this.#edge
    const known = this.#mark ?? this.#report
    if (!known || fellAt === undefined || now - fellAt < settled) return undefined
    const ticks = timestampDistance(known.rtpTimestamp, timestamp)
    const captured = known.wall + ticks / this.#ticksPerMs
    return { ms: wall - captured, isMarked: known === this.#mark }
  }
}
