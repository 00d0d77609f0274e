import type { ReportBlock } from './rtcp/reports.ts'
import { SequenceUnwrapper, timestampDistance } from './sequence.ts'

/** A jump of more packets is a restart of the sender, if the next packet confirms it (§A.1). */
const maxDropout = 3000

/** Change of transit time, in seconds, that is a jump of a clock and not jitter. */
const maxTransitChange = 5

/**
 * What a receiver reports about one SSRC: loss, jitter and the echo of sender reports
 * (RFC 3550 §6.4.1, §A.3, §A.8). Every `now` is monotonic milliseconds.
 */
export class ReceptionStatistics {
  /** Interarrival jitter in ticks of the RTP clock; a fraction is kept. */
  jitter = 0

  readonly #ssrc: number
  /** Ticks per millisecond. */
  readonly #clock: number
  #unwrapper = new SequenceUnwrapper()
  #base: number | undefined
  #highest = 0
  #received = 0
  #reportedExpected = 0
  #reportedReceived = 0
  /** Unwrapped number that would confirm a restart. */
  #restartAt: number | undefined
  #previous: { timestamp: number; arrivedAt: number } | undefined
  #senderReport: { middle: number; arrivedAt: number } | undefined

  /** @param clockRate ticks per second, from the codec's `a=rtpmap` */
  constructor(ssrc: number, clockRate: number) {
    this.#ssrc = ssrc
    this.#clock = clockRate / 1000
  }

  /**
   * Takes a packet that came on this SSRC itself; what RTX brought back has its own
   * (RFC 4588 §8).
   */
  receive(sequenceNumber: number, timestamp: number, now: number): void {
    const sequence = this.#accept(sequenceNumber)
    if (sequence === undefined) return
    this.#received++
    if (sequence > this.#highest || this.#received === 1) {
      this.#highest = sequence
      this.#measureJitter(timestamp, now)
    }
  }

  /** @param middle middle 32 bits of the report's NTP time: `ntpMiddle` */
  receiveSenderReport(middle: number, now: number): void {
    this.#senderReport = { middle, arrivedAt: now }
  }

  /** Since the first packet; negative when duplicates outnumber losses. */
  get cumulativeLost(): number {
    return this.#expected - this.#received
  }

  get packetsReceived(): number {
    return this.#received
  }

  /** The next report, over the time since the last; undefined before the first packet. */
  report(now: number): ReportBlock | undefined {
    if (this.#base === undefined) return undefined
    const expected = this.#expected - this.#reportedExpected
    const lost = expected - (this.#received - this.#reportedReceived)
    this.#reportedExpected = this.#expected
    this.#reportedReceived = this.#received
    const echo = this.#senderReport
    return {
      ssrc: this.#ssrc,
      // All lost would be 256, which the 8 bits do not have.
      fractionLost: lost <= 0 ? 0 : Math.min(255, Math.floor((256 * lost) / expected)),
      cumulativeLost: this.cumulativeLost,
      // The unwrapper starts one cycle up; the report counts cycles from 0.
      highestSequence: (this.#highest - 0x10000) >>> 0,
      jitter: Math.floor(this.jitter),
      lastSenderReport: echo?.middle ?? 0,
      delaySinceLastSenderReport: echo ? Math.round((now - echo.arrivedAt) * 65.536) : 0,
    }
  }

  get #expected(): number {
    return this.#base === undefined ? 0 : this.#highest - this.#base + 1
  }

  /** @returns the unwrapped number, or undefined for a packet that does not count */
  #accept(sequenceNumber: number): number | undefined {
    const sequence = this.#unwrapper.unwrap(sequenceNumber)
    if (this.#base === undefined) return this.#start(sequence)
    const jump = sequence - this.#highest
    if (Math.abs(jump) > maxDropout) {
      if (sequence === this.#restartAt) return this.#restart(sequenceNumber)
      this.#restartAt = sequence + 1
      return undefined
    }
    this.#restartAt = undefined
    return sequence >= this.#base ? sequence : undefined
  }

  #start(sequence: number): number {
    this.#base = sequence
    this.#highest = sequence
    return sequence
  }

  #restart(sequenceNumber: number): number {
    this.#unwrapper = new SequenceUnwrapper()
    this.#received = 0
    this.#reportedExpected = 0
    this.#reportedReceived = 0
    this.#restartAt = undefined
    this.#previous = undefined
    return this.#start(this.#unwrapper.unwrap(sequenceNumber))
  }

  // Of packets in order only: one that is late was not delayed by the network's queue alone.
  #measureJitter(timestamp: number, now: number): void {
    const previous = this.#previous
    this.#previous = { timestamp, arrivedAt: now }
    if (!previous) return
    const sent = timestampDistance(previous.timestamp, timestamp)
    const difference = Math.abs((now - previous.arrivedAt) * this.#clock - sent)
    if (difference > maxTransitChange * 1000 * this.#clock) return
    this.jitter += (difference - this.jitter) / 16
  }
}
