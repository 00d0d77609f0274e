import type { LogClock, LogId } from '#native/media-plane.ts'
import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import type { OutgoingTrack } from './outgoing-track.ts'

/** A log as the twin knows it: its packets, its time base and the tracks that read it. */
export class SourceLog implements PacketStore {
  readonly id: LogId
  readonly members = new Set<OutgoingTrack>()
  clock: LogClock | undefined
  readonly #store: PacketStore

  constructor(id: LogId, store: PacketStore) {
    this.id = id
    this.#store = store
  }

  get start(): number {
    return this.#store.start
  }

  get end(): number {
    return this.#store.end
  }

  locate(index: number, place: PacketPlace): boolean {
    return this.#store.locate(index, place)
  }
}

/** A few packets of our own making, read like a log: parameter sets before a bare keyframe. */
export class PrefixStore implements PacketStore {
  readonly start = 0
  readonly #packets: readonly Buffer[]

  /** @param timestamp RTP time of the keyframe they belong to, which stays one frame with them */
  constructor(payloads: readonly Buffer[], timestamp: number) {
    this.#packets = payloads.map((payload) => {
      const header = Buffer.alloc(12)
      header[0] = 0x80
      header.writeUInt32BE(timestamp, 4)
      return Buffer.concat([header, payload])
    })
  }

  get end(): number {
    return this.#packets.length
  }

  locate(index: number, place: PacketPlace): boolean {
    const packet = this.#packets[index]
    if (!packet) return false
    place.bytes = packet
    place.offset = 0
    place.length = packet.length
    return true
  }
}
