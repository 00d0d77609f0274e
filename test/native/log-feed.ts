import type { LogId, MediaPlane, TrackSource } from '#native/media-plane.ts'
import { PacketLog, packetLogLimits } from '#relay/packet-log.ts'
import { labelled, SlabWriter } from '#test/support/stored-packets.ts'
import { range } from './labels.ts'

/** Bytes of a stored packet. */
export const packetSize = 1000

/** Of the packet at that index: frames are two packets and 3000 ticks, and the second ends it. */
export const headerOf = (index: number) => ({
  sequenceNumber: index & 0xffff,
  timestamp: (Math.floor(index / 2) * 3000) >>> 0,
  marker: index % 2 === 1,
})

/** A log of a plane, filled by the spec as an ingest fills it: what is stored is delivered. */
export class LogFeed {
  readonly name: string
  readonly packets: PacketLog
  readonly id: LogId
  /** Ms, for the limits of the log. */
  now = 0
  readonly #plane: MediaPlane
  readonly #writer = new SlabWriter()

  constructor(plane: MediaPlane, name: string, limits = packetLogLimits) {
    this.#plane = plane
    this.name = name
    this.packets = new PacketLog(limits)
    this.id = plane.openLog(this.packets)
  }

  get source(): TrackSource {
    return { log: this.id, payloadType: 96, rtxPayloadType: 97 }
  }

  /** Stores packets and delivers, at one go, those that were news to the log. */
  arrive(...indices: readonly number[]): void {
    this.#deliver(indices.filter((index) => this.store(index)))
  }

  /** As `arrive`, from one index to another, both included. */
  arriveAll(from: number, to: number): void {
    this.arrive(...range(from, to))
  }

  /** As `arrive`, one packet of the spec's own. */
  put(index: number, packet: Buffer): void {
    if (this.store(index, packet)) this.#deliver([index])
  }

  /** @returns whether it was news to the log */
  store(index: number, packet = this.#packet(index)): boolean {
    const { slab, offset, length } = this.#writer.write(packet)
    return this.packets.append(index, slab, offset, length, this.now)
  }

  close(): void {
    this.#plane.closeLog(this.id)
    this.packets.clear()
  }

  #deliver(indices: readonly number[]): void {
    if (indices.length > 0) this.#plane.deliver(this.id, Float64Array.from(indices), indices.length)
  }

  #packet(index: number): Buffer {
    return labelled(`${this.name}${index}`, headerOf(index), packetSize)
  }
}
