import { type Arrival, type TransportFeedback, ticksPerReference } from '#rtp/rtcp/transport-cc.ts'
import type { FeedbackDigest, NumberedPacket } from './feedback-digest.ts'
import { LeastDelay } from './least-delay.ts'
import { PacketGroups } from './packet-groups.ts'
import { ProbeMeter } from './probe-meter.ts'
import { ReportWindow, reportWindowSize } from './report-window.ts'

/** Ticks of the feedback's clock per ms. */
const ticksPerMs = 4
/** Fewer packets, or a shorter time, say nothing about a rate. */
const enoughPackets = 5
const enoughMs = 5

/** What left under a 16-bit number, if that is still known. */
export type SentLookup = (transportSequence: number) => NumberedPacket | undefined

/**
 * Reads the transport-wide feedback of one receiver against what was sent to it (BWE-1..5,
 * 7..13). What is not known to have left is not counted, so nobody can report more than was sent;
 * what was told before is not counted again.
 *
 * The two clocks differ by a constant: the least delay seen is the empty link, and what a packet
 * took more than that it spent queued.
 */
export class FeedbackReader {
  readonly #window = new ReportWindow()
  readonly #groups = new PacketGroups()
  readonly #probe = new ProbeMeter()
  readonly #least = new LeastDelay()
  /** Unwrapped; in units of 64 ms. */
  #reference: number | undefined
  /** As in the report before, where this one tells of no arrival. */
  #arrivedAt = 0
  #roundTrip = 0

  /** @param now monotonic ms */
  read(feedback: TransportFeedback, sent: SentLookup, now: number): FeedbackDigest {
    this.#groups.begin(now)
    this.#probe.begin()
    const shift = this.#unwrap(feedback.referenceTime)
    const arrivals = inOrderOfArrival(feedback.arrivals)
    const untold = this.#passOver(feedback.baseSequence, sent)

    let received = 0
    let acknowledged = 0
    let found = 0
    // The first one's time began before these arrivals did.
    let bytesAfterFirst = 0
    let first = 0
    let last = 0
    let lastSentAt = 0
    for (const { sequenceNumber, arrivedAt } of arrivals) {
      const packet = sent(sequenceNumber)
      const news = packet && this.#window.arrive(sequenceNumber)
      if (!news) continue
      const at = (arrivedAt + shift) / ticksPerMs
      if (news === 'found') found++
      if (received === 0) first = at
      else bytesAfterFirst += packet.bytes
      received++
      acknowledged += packet.bytes
      last = at
      lastSentAt = packet.at
      this.#least.add(at - packet.at, now)
      this.#groups.add(packet.at, at)
      if (packet.cluster) this.#probe.add(packet.cluster, packet, at)
    }
    if (received > 0) {
      this.#arrivedAt = last
      this.#roundTrip = Math.max(0, now - lastSentAt)
    }
    const probe = this.#probe.tally
    const span = last - first
    const tells = received >= enoughPackets && span >= enoughMs
    return {
      received,
      lost: this.#lose(feedback, sent) - found,
      acknowledged,
      untold,
      arrivedAt: this.#arrivedAt,
      roundTrip: this.#roundTrip,
      ...(received > 0 && { queueing: last - lastSentAt - this.#least.value }),
      ...(tells && { delivered: bytesAfterFirst / span }),
      groups: this.#groups.pairs,
      groupCount: this.#groups.pairCount,
      ...(probe && { probe }),
    }
  }

  /** @returns ticks to add to the arrivals: the reference time is 24 bits, and wraps in 12 days */
  #unwrap(referenceTime: number): number {
    const before = this.#reference ?? referenceTime
    const reference = before + (((referenceTime - before) << 8) >> 8)
    this.#reference = reference
    return (reference - referenceTime) * ticksPerReference
  }

  /** @returns bytes between the reports, see `FeedbackDigest.untold` */
  #passOver(baseSequence: number, sent: SentLookup): number {
    let bytes = 0
    for (let back = this.#window.skippedBefore(baseSequence); back > 0; back--) {
      bytes += sent((baseSequence - back) & 0xffff)?.bytes ?? 0
    }
    return bytes
  }

  /**
   * Counts what the report names and no arrival is of. A few bytes can
   * name 65,535 numbers: only those at its end may still be known.
   */
  #lose({ baseSequence, statusCount, arrivals }: TransportFeedback, sent: SentLookup): number {
    let lost = 0
    let next = 0
    for (let index = Math.max(0, statusCount - reportWindowSize); index < statusCount; index++) {
      const number = (baseSequence + index) & 0xffff
      while (next < arrivals.length && placeOf(arrivals[next]!, baseSequence) < index) next++
      const came = next < arrivals.length && arrivals[next]!.sequenceNumber === number
      if (!came && sent(number) && this.#window.lose(number)) lost++
    }
    return lost
  }
}

function placeOf({ sequenceNumber }: Arrival, baseSequence: number): number {
  return (sequenceNumber - baseSequence) & 0xffff
}

/** They come in order of their numbers (BWE-3); of two at the same time the lower comes first. */
function inOrderOfArrival(arrivals: readonly Arrival[]): readonly Arrival[] {
  for (let i = 1; i < arrivals.length; i++) {
    if (arrivals[i]!.arrivedAt < arrivals[i - 1]!.arrivedAt) {
      return [...arrivals].sort((a, b) => a.arrivedAt - b.arrivedAt)
    }
  }
  return arrivals
}
