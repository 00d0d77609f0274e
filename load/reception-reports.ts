import type { ReportBlock } from '#rtp/rtcp/reports.ts'
import { maxStreams, type StreamFigures } from './stream-figures.ts'

/** Time in RTCP: 65,536 ticks a second. */
const ticksPerMs = 65.536

interface Told {
  expected: number
  received: number
  /** Of the newest sender report: middle 32 bits of its NTP time, and when it came. */
  senderReport?: { readonly middle: number; readonly at: number }
}

/** Makes report blocks (RFC 3550 §6.4.1) of figures that were counted elsewhere. */
export class ReceptionReports {
  readonly #told = new Map<number, Told>()

  /** @param middle `ntpMiddle` of the report's NTP time @param now monotonic ms */
  receiveSenderReport(ssrc: number, middle: number, now: number): void {
    const told = this.#of(ssrc)
    if (told) told.senderReport = { middle, at: now }
  }

  /** The next block of a stream, over the time since the last one. */
  block(figures: StreamFigures, now: number): ReportBlock {
    const told = this.#of(figures.ssrc) ?? { expected: 0, received: 0 }
    // The sender has started over, and so do its numbers.
    if (figures.expected < told.expected) told.expected = told.received = 0
    const expected = figures.expected - told.expected
    const lost = expected - (figures.received - told.received)
    told.expected = figures.expected
    told.received = figures.received
    const echo = told.senderReport
    return {
      ssrc: figures.ssrc,
      // All lost would be 256, which the 8 bits do not have.
      fractionLost: lost <= 0 ? 0 : Math.min(255, Math.floor((256 * lost) / expected)),
      cumulativeLost: figures.expected - figures.received,
      highestSequence: figures.highestSequence >>> 0,
      jitter: Math.floor(figures.jitter),
      lastSenderReport: echo?.middle ?? 0,
      // The kernel stamps arrivals: one may be later than the round that tells of it.
      delaySinceLastSenderReport: echo ? Math.max(0, Math.round((now - echo.at) * ticksPerMs)) : 0,
    }
  }

  #of(ssrc: number): Told | undefined {
    let told = this.#told.get(ssrc)
    if (!told && this.#told.size < maxStreams) {
      told = { expected: 0, received: 0 }
      this.#told.set(ssrc, told)
    }
    return told
  }
}
