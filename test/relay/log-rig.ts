import type { PacketPlace } from '#native/packet-store.ts'
import { type Slab, SlabPool } from '#native/slab.ts'
import { PacketLog, packetLogLimits } from '#relay/packet-log.ts'
import { labelled, labelOf, SlabWriter } from '#test/support/stored-packets.ts'

/** A packet log and the memory behind it. */
export class LogMemory {
  readonly log: PacketLog
  readonly slabs = new Set<Slab>()
  readonly #writer: SlabWriter
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }

  constructor(limits = packetLogLimits) {
    this.log = new PacketLog(limits)
    this.#writer = new SlabWriter(new SlabPool())
  }

  /** Frames are of 10 packets unless a timestamp is given. @returns what the log returned */
  append(index: number, now = 0, options: { timestamp?: number; size?: number } = {}): boolean {
    const { timestamp = Math.floor(index / 10) * 3000, size = 100 } = options
    const header = { timestamp, sequenceNumber: index & 0xffff }
    const packet = labelled(`p${index}`, header, size)
    const { slab, offset, length } = this.#writer.write(packet)
    this.slabs.add(slab)
    return this.log.append(index, slab, offset, length, now)
  }

  appendAll(from: number, to: number, now = 0): void {
    for (let index = from; index <= to; index++) this.append(index, now)
  }

  /** What the log holds at an index, by its label; undefined for a hole. */
  at(index: number): string | undefined {
    const place = this.#place
    if (!this.log.locate(index, place)) return undefined
    return labelOf(place.bytes.subarray(place.offset + 12, place.offset + place.length))
  }

  /** Indices held, of those from `from` to `to`. */
  held(from: number, to: number): number[] {
    const found: number[] = []
    for (let index = from; index <= to; index++) {
      if (this.at(index) === `p${index}`) found.push(index)
    }
    return found
  }

  /** References that the log holds, once the writer has given up its own. */
  get references(): number {
    this.#writer.close()
    return [...this.slabs].reduce((sum, slab) => sum + slab.references, 0)
  }
}
