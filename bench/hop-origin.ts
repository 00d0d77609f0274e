import { Publication } from '#relay/publication.ts'
import { buildRtp } from '#rtp/packet.ts'
import { systemClock } from '#server/system-clock.ts'
import { CountingObserver } from '#test/relay/counting-observer.ts'
import { obs, recordedFormat } from '#test/relay/publication-rig.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'
import { frameIntervalMs, packetBytes, packetsPerFrame } from './hop-load.ts'
import type { HopNode } from './hop-node.ts'

const format = recordedFormat('obs-32-default-gop', 96)
const { payloadType } = format.video!
/** Frames of one stream from keyframe to keyframe. */
const gop = 400
/** First byte of a NAL unit of H.264 (RFC 6184 §1.3): a keyframe's slice, another frame's. */
const nalUnit = { keyframe: 0x65, other: 0x41 } as const

interface Fed {
  readonly publication: Publication
  packets: number
}

/** Publishers of a node: their frames come one at a time, from one stream after the other. */
export class OriginFeed {
  readonly #streams: Fed[]
  readonly #writer = new SlabWriter()
  #frames = 0

  constructor(node: HopNode) {
    this.#streams = node.open().map((stream, i) => {
      const publication = new Publication(i + 1_000_000, format, obs, {
        plane: node.plane,
        clock: systemClock,
        observer: new CountingObserver(),
        listener: {
          keyframe: (layer) => stream.keyframe(layer, systemClock.now()),
          offered: () => {},
          alive: () => {},
        },
      })
      publication.epoch = 1
      stream.publish(publication, systemClock.now(), systemClock.wall())
      return { publication, packets: 0 }
    })
  }

  /** In real time. */
  async feed(frames: number): Promise<void> {
    const startedAt = performance.now()
    for (let fed = 0; fed < frames; ) {
      const due = Math.min(frames, Math.ceil((performance.now() - startedAt) / frameIntervalMs))
      for (; fed < due; fed++) this.#frame()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** A keyframe of every stream, so that each can be passed on. */
  async begin(): Promise<void> {
    await this.feed(this.#streams.length)
  }

  #frame(): void {
    const fed = this.#streams[this.#frames % this.#streams.length]!
    const round = Math.floor(this.#frames / this.#streams.length)
    this.#frames++
    for (let i = 0; i < packetsPerFrame; i++) {
      const packet = packetOf(fed, round, i === packetsPerFrame - 1)
      const { slab, offset, length } = this.#writer.write(packet)
      fed.packets++
      fed.publication.receive({
        count: 1,
        slab,
        offsets: Uint32Array.of(offset),
        lengths: Uint16Array.of(length),
        arrivedAt: Float64Array.of(systemClock.now()),
      })
    }
  }
}

function packetOf({ packets }: Fed, round: number, marker: boolean): Buffer {
  const payload = Buffer.alloc(packetBytes - 12, 0x41)
  payload[0] = round % gop === 0 ? nalUnit.keyframe : nalUnit.other
  const sequenceNumber = packets & 0xffff
  return buildRtp(
    { payloadType, sequenceNumber, timestamp: round * 3000, ssrc: 1, marker },
    payload,
  )
}
