import { type Arrival, type TransportFeedback, ticksPerReference } from '#rtp/rtcp/transport-cc.ts'
import { SequenceUnwrapper } from '#rtp/sequence.ts'
import type { TransportArrival } from './packet-counts.ts'

/** Ticks of 250 µs in a millisecond. */
const ticksPerMs = 4
/** What a delta can say: 16 bits, signed. */
const maxDelta = 0x7fff
/** Arrivals in one feedback: with two bytes each and their chunks it still fits a datagram. */
const maxArrivals = 400
/** Statuses in one feedback; a longer gap is told of by the next one. */
const maxStatuses = 2048

interface Place {
  readonly sequence: number
  readonly ticks: number
}

/**
 * Makes transport-wide feedback from arrivals that were collected elsewhere
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). It remembers one number, where
 * `TransportFeedbackRecorder` remembers 4096: a thousand viewers fit one process.
 */
export class ArrivalFeedback {
  readonly #unwrapper = new SequenceUnwrapper()
  /** First number not yet reported on. */
  #next: number | undefined
  #feedbackCount = 0

  /** @param arrivals since the last call, in any order; each number once */
  report(arrivals: readonly TransportArrival[]): TransportFeedback[] {
    const places = new Map<number, Place>()
    for (const { sequenceNumber, at } of arrivals) {
      const sequence = this.#unwrapper.unwrap(sequenceNumber)
      const place = { sequence, ticks: Math.floor(at * ticksPerMs) }
      if (!places.has(sequence)) places.set(sequence, place)
    }
    const sorted = [...places.values()].sort((one, other) => one.sequence - other.sequence)
    const feedbacks: TransportFeedback[] = []
    for (let at = 0; at < sorted.length; ) {
      const length = told(sorted, at)
      feedbacks.push(this.#feedback(sorted.slice(at, at + length)))
      at += length
    }
    return feedbacks
  }

  #feedback(places: readonly Place[]): TransportFeedback {
    const [first] = places as [Place]
    const end = places.at(-1)!.sequence + 1
    // A packet that comes late is reported with those that were already reported after it.
    const expected = Math.min(this.#next ?? first.sequence, first.sequence)
    const base = Math.max(expected, end - maxStatuses)
    this.#next = Math.max(this.#next ?? 0, end)
    const reference = Math.floor(first.ticks / ticksPerReference)
    // 24 bits, signed, on the wire; the arrivals move with it.
    const referenceTime = (reference << 8) >> 8
    const shift = (reference - referenceTime) * ticksPerReference
    return {
      baseSequence: base & 0xffff,
      statusCount: end - base,
      referenceTime,
      feedbackCount: this.#feedbackCount++ & 0xff,
      arrivals: places.map(({ sequence, ticks }): Arrival => {
        return { sequenceNumber: sequence & 0xffff, arrivedAt: ticks - shift }
      }),
    }
  }
}

/** How many places from `start` on one feedback can tell of. */
function told(places: readonly Place[], start: number): number {
  const { sequence, ticks } = places[start]!
  let previous = Math.floor(ticks / ticksPerReference) * ticksPerReference
  for (let i = start; i < places.length; i++) {
    const place = places[i]!
    const tooFar = Math.abs(place.ticks - previous) > maxDelta && i > start
    const tooMany = i - start === maxArrivals || place.sequence - sequence >= maxStatuses
    if (tooFar || tooMany) return i - start
    previous = place.ticks
  }
  return places.length - start
}
