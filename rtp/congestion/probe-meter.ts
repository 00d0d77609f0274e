import type { NumberedPacket, ProbeTally } from './feedback-digest.ts'

/** Ms after which the same cluster number means another probe: it has come around. */
const longestProbe = 5000

/** Adds up what arrived of the newest probe (BWE-56..58, 65). Times as in `ProbeTally`. */
export class ProbeMeter {
  readonly #tally = {
    cluster: 0,
    packets: 0,
    bytes: 0,
    firstSentAt: 0,
    lastSentAt: Number.NEGATIVE_INFINITY,
    lastSentBytes: 0,
    firstArrivedAt: 0,
    lastArrivedAt: 0,
    firstArrivedBytes: 0,
  }
  #spoken = false

  /** Of the newest probe, if the report being read spoke of it. */
  get tally(): ProbeTally | undefined {
    return this.#spoken ? this.#tally : undefined
  }

  /** A report begins. */
  begin(): void {
    this.#spoken = false
  }

  /** A packet of a probe has arrived, reported in the order of arrival. */
  add(cluster: number, packet: NumberedPacket, arrivedAt: number): void {
    const tally = this.#tally
    if (cluster !== tally.cluster || packet.at > tally.firstSentAt + longestProbe) {
      // A straggler of an earlier probe.
      if (packet.at < tally.lastSentAt) return
      this.#start(cluster, packet, arrivedAt)
    }
    this.#spoken = true
    tally.packets++
    tally.bytes += packet.bytes
    tally.firstSentAt = Math.min(tally.firstSentAt, packet.at)
    if (packet.at >= tally.lastSentAt) {
      tally.lastSentAt = packet.at
      tally.lastSentBytes = packet.bytes
    }
    if (arrivedAt < tally.firstArrivedAt) {
      tally.firstArrivedAt = arrivedAt
      tally.firstArrivedBytes = packet.bytes
    }
    tally.lastArrivedAt = Math.max(tally.lastArrivedAt, arrivedAt)
  }

  #start(cluster: number, packet: NumberedPacket, arrivedAt: number): void {
    const tally = this.#tally
    tally.cluster = cluster
    tally.packets = 0
    tally.bytes = 0
    tally.firstSentAt = packet.at
    tally.lastSentAt = packet.at
    tally.lastSentBytes = packet.bytes
    tally.firstArrivedAt = arrivedAt
    tally.lastArrivedAt = arrivedAt
    tally.firstArrivedBytes = packet.bytes
  }
}
