import type { Slab } from '#native/slab.ts'

interface EarlyPacket {
  readonly ssrc: number
  readonly slab: Slab
  readonly offset: number
  readonly length: number
  /** Monotonic ms. */
  readonly arrivedAt: number
}

/** Some megabytes; a copy of a log at full speed overtakes its announcement by a few ms. */
const capacity = 4096
/** In ms: the announcement of a packet older than that is not on its way. */
const longestWait = 1_000

/**
 * Packets of a run that has not been announced yet: media may overtake the control connection. A
 * NACK would not bring them again, as SRTP takes each packet once.
 */
export class EarlyPackets {
  #packets: EarlyPacket[] = []

  /** Keeps its slab. */
  keep(packet: EarlyPacket): void {
    this.expire(packet.arrivedAt)
    if (this.#packets.length === capacity) this.clear()
    packet.slab.retain()
    this.#packets.push(packet)
  }

  /** Its run is announced. @param take borrows the packet */
  release(ssrc: number, take: (packet: EarlyPacket) => void): void {
    const kept = this.#packets
    this.#packets = kept.filter((packet) => packet.ssrc !== ssrc)
    for (const packet of kept) {
      if (packet.ssrc !== ssrc) continue
      take(packet)
      packet.slab.release()
    }
  }

  /** @param now monotonic ms */
  expire(now: number): void {
    const oldest = this.#packets[0]
    if (oldest && now - oldest.arrivedAt > longestWait) this.clear()
  }

  clear(): void {
    for (const { slab } of this.#packets) slab.release()
    this.#packets = []
  }
}
