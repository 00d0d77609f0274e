import type { SentPacket } from '#native/media-plane.ts'
import type { TransportFeedback } from '#rtp/rtcp/transport-cc.ts'

/** What one report of a receiver tells about the link to it. */
export interface LinkReport {
  readonly received: number
  readonly lost: number
  /** Ms that the newest packet waited more than the quickest one so far; absent when unknown. */
  readonly queueing?: number
  /** Bytes per ms at which these packets came out of the link; absent when too few to tell. */
  readonly delivered?: number
}

/** Ticks of the feedback's clock per ms. */
const ticksPerMs = 4
/** Fewer packets, or a shorter time, say nothing about a rate. */
const enoughPackets = 5
const enoughMs = 5

/**
 * Reads transport-wide feedback against what was sent: the two clocks differ by a constant, so
 * the least delay seen is the empty link, and what a packet took more than that it spent queued.
 */
export class LinkProbe {
  #least = Number.POSITIVE_INFINITY

  /** @param sent what left under a transport-wide number, if that is still known */
  read(
    { statusCount, arrivals }: TransportFeedback,
    sent: (transportSequence: number) => SentPacket | undefined,
  ): LinkReport {
    const received = arrivals.length
    const lost = statusCount - received
    let bytes = 0
    let first: number | undefined
    let last = 0
    let delay: number | undefined
    for (const { sequenceNumber, arrivedAt } of arrivals) {
      const packet = sent(sequenceNumber)
      if (!packet) continue
      const at = arrivedAt / ticksPerMs
      delay = at - packet.at
      this.#least = Math.min(this.#least, delay)
      last = at
      // The first one's time began before these arrivals did.
      if (first === undefined) first = at
      else bytes += packet.bytes
    }
    if (delay === undefined || first === undefined) return { received, lost }
    const queueing = delay - this.#least
    const tells = received >= enoughPackets && last - first >= enoughMs
    return { received, lost, queueing, ...(tells && { delivered: bytes / (last - first) }) }
  }
}
