import type { Slab } from '#native/slab.ts'

interface EarlyPacket {
  readonly ssrc: number
  readonly slab: Slab
  readonly offset: number
  readonly length: number
  /** Monotonic ms. */
  readonly arrivedAt: number
}

/**
 * A copy of a log at full speed overtakes its announcement by a few ms; where that one is lost and
 * sent again, by a second: ten thousand packets.
 */
const capacity = 16_384
/** In ms: the announcement of a packet older than that is not on its way. */
const longestWait = 2_000

/**
 * Packets of a run that has not been announced yet: media may overtake the control connection. A
 * NACK would not bring them again, as SRTP takes each packet once.
 */
export class EarlyPackets {
  #packets: EarlyPacket[] = []

  /** Keeps its slab, where there is room. */
  keep(packet: EarlyPacket): void {
    this.expire(packet.arrivedAt)
    if (this.#packets.length === capacity) return
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
    let old = 0
    for (const { arrivedAt, slab } of this.#packets) {
      if (now - arrivedAt <= longestWait) break
      slab.release()
      old++
    }
    if (old > 0) this.#packets.splice(0, old)
  }

  clear(): void {
    for (const { slab } of this.#packets) slab.release()
    this.#packets = []
  }
}
