import type {
  MediaPlaneListener,
  PeerId,
  ReceivedBatch,
  TrackFormat,
  TrackId,
} from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { TwinPlane } from '#native/twin/twin-plane.ts'
import { PacketLog } from '#relay/packet-log.ts'
import { labelled } from '#test/support/stored-packets.ts'

/** Keeps what publisher 1 sends in a log, and what else it hears. */
export class TwinNode implements MediaPlaneListener {
  readonly log = new PacketLog()
  readonly heard: string[] = []
  plane!: TwinPlane
  logId = 0
  #waiting: (() => void) | undefined

  control(datagram: Buffer, { remotePort }: Path): void {
    this.#hear(`control ${datagram.toString('hex')} from ${remotePort}`)
  }

  media(peer: PeerId, { slab, offsets, lengths }: ReceivedBatch): void {
    const index = slab.bytes.readUInt16BE(offsets[0]! + 2)
    if (this.log.append(index, slab, offsets[0]!, lengths[0]!, 0)) {
      this.plane.deliver(this.logId, Float64Array.of(index), 1)
    }
    this.#hear(`media ${index} of ${peer}`)
  }

  rtcp(peer: PeerId, compound: Buffer): void {
    this.#hear(`rtcp ${compound.length} of ${peer}`)
  }

  starved(track: TrackId): void {
    this.#hear(`starved ${track}`)
  }

  started(track: TrackId): void {
    this.#hear(`started ${track}`)
  }

  caughtUp(track: TrackId): void {
    this.#hear(`caught up ${track}`)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  #hear(what: string): void {
    this.heard.push(what)
    this.#waiting?.()
  }
}

export const format = (ssrc: number): TrackFormat => ({
  kind: 'video',
  ssrc,
  rtxSsrc: ssrc + 1,
  clockRate: 90_000,
  cname: 'viewer',
})
export const packet = (index: number) =>
  labelled(`p${index}`, { sequenceNumber: index, timestamp: index * 3000, marker: true }, 500)
