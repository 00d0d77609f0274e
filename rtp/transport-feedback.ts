import { RateMeter } from './rate-meter.ts'
import { type Arrival, type TransportFeedback, ticksPerReference } from './rtcp/transport-cc.ts'
import { SequenceUnwrapper } from './sequence.ts'

/** Arrivals remembered: 5 s at 800 packets/s, and more than any feedback interval brings. */
const historySize = 4096

/** Arrivals in one feedback: with two bytes each and their chunks it still fits a datagram. */
const maxArrivals = 400

/** A packet later than this many numbers is no news to a bandwidth estimate. */
const maxLateness = 1024

/** Ticks of 250 µs in a millisecond. */
const ticksPerMs = 4

/** Over 1 Mbit/s every 50 ms, under it every 100 ms: the feedback itself takes bandwidth. */
const fastRate = 1_000_000
const fastInterval = 50
const slowInterval = 100

/** What a delta can say: 16 bits, signed. */
const maxDelta = 0x7fff

/**
 * Records when packets of one transport arrived, by transport-wide number, and makes the
 * feedback about them (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). Chromium sends a
 * single layer while it is missing or wrong (`INTEROP.md` IO-70).
 *
 * Sans-IO: send what `poll` returns by `writeTransportCc`. Every `now` is monotonic milliseconds.
 */
export class TransportFeedbackRecorder {
  readonly #unwrapper = new SequenceUnwrapper()
  readonly #rate = new RateMeter()
  /** Ring by unwrapped number: which number the place holds, and when that arrived, in ticks. */
  readonly #numbers = new Float64Array(historySize).fill(-1)
  readonly #arrivedAt = new Float64Array(historySize)
  /** First number not yet reported on. */
  #next: number | undefined
  /** One past the newest number that arrived. */
  #end = 0
  #dueAt = Number.POSITIVE_INFINITY
  #sentAt = Number.NEGATIVE_INFINITY
  #feedbackCount = 0

  /** @param bytes of the whole packet: they set how often to report */
  receive(sequenceNumber: number, now: number, bytes: number): void {
    this.#rate.add(bytes, now)
    const sequence = this.#unwrapper.unwrap(sequenceNumber)
    this.#next ??= sequence
    if (sequence < this.#end - maxLateness || this.#has(sequence)) return
    this.#numbers[sequence % historySize] = sequence
    this.#arrivedAt[sequence % historySize] = Math.floor(now * ticksPerMs)
    this.#end = Math.max(this.#end, sequence + 1)
    // After a gap longer than the history, the numbers before it are beyond telling.
    this.#next = Math.max(Math.min(this.#next, sequence), this.#end - historySize)
    if (this.#dueAt === Number.POSITIVE_INFINITY) {
      this.#dueAt = Math.max(now, this.#sentAt + this.#interval(now))
    }
  }

  /**
   * The next feedback, if it is time. Call it until it returns undefined: a long gap in time or
   * very many packets make more than one. A packet that comes late is reported with those that
   * were already reported after it.
   */
  poll(now: number): TransportFeedback | undefined {
    if (now < this.#dueAt || this.#next === undefined) return undefined
    const feedback = this.#report(this.#next)
    if (this.#next >= this.#end) this.#dueAt = Number.POSITIVE_INFINITY
    this.#sentAt = now
    return feedback
  }

  get nextTimeout(): number {
    return this.#dueAt
  }

  #interval(now: number): number {
    return this.#rate.bitsPerSecond(now) > fastRate ? fastInterval : slowInterval
  }

  #has(sequence: number): boolean {
    return this.#numbers[sequence % historySize] === sequence
  }

  /** Reports from `base` on, as far as one feedback can tell. */
  #report(base: number): TransportFeedback {
    let first = base
    while (!this.#has(first)) first++
    const reference = Math.floor(this.#arrivedAt[first % historySize]! / ticksPerReference)
    // 24 bits, signed, on the wire; the arrivals move with it.
    const referenceTime = (reference << 8) >> 8
    const shift = (reference - referenceTime) * ticksPerReference

    const arrivals: Arrival[] = []
    let previous = reference * ticksPerReference
    let end = base
    for (let sequence = first; sequence < this.#end; sequence++) {
      if (!this.#has(sequence)) continue
      const ticks = this.#arrivedAt[sequence % historySize]!
      if (Math.abs(ticks - previous) > maxDelta || arrivals.length === maxArrivals) break
      arrivals.push({ sequenceNumber: sequence & 0xffff, arrivedAt: ticks - shift })
      previous = ticks
      end = sequence + 1
    }
    this.#next = end
    return {
      baseSequence: base & 0xffff,
      statusCount: end - base,
      referenceTime,
      feedbackCount: this.#feedbackCount++ & 0xff,
      arrivals,
    }
  }
}
