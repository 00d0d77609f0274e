import type { OutgoingTrack, ProtectedPacket } from './outgoing-track.ts'
import type { PacketSealer } from './srtp.ts'
import type { SourceReport, VideoSender } from './video-sender.ts'

/** Reports of a second, of which one is about another layer than the first. */
const reportsPerTurn = 10

/**
 * Video as OBS sends it: a NACK for any layer is answered from the first one's history, by number
 * alone (INTEROP IO-23); one clock and one count serve the reports of all, which are nearly always
 * about the first (IO-24, IO-29).
 */
export class ObsVideo implements VideoSender {
  readonly #layers: readonly OutgoingTrack[]
  readonly #srtp: PacketSealer
  #reports = 0

  constructor(layers: readonly OutgoingTrack[], srtp: PacketSealer) {
    this.#layers = layers
    this.#srtp = srtp
  }

  get ssrcs(): readonly number[] {
    return this.#layers.map(({ ssrc }) => ssrc)
  }

  write(layer: number, payload: Buffer, marker: boolean, media: number): ProtectedPacket {
    return this.#layers[layer]!.write(payload, marker, media, this.#srtp)
  }

  repair(_ssrc: number, lost: number): ProtectedPacket | undefined {
    return this.#layers[0]!.recall(lost)
  }

  reports(media: number, wall: number): readonly SourceReport[] {
    const turn = this.#reports++
    const others = this.#layers.length - 1
    const isOther = others > 0 && turn % reportsPerTurn === reportsPerTurn - 1
    const place = isOther ? 1 + (Math.floor(turn / reportsPerTurn) % others) : 0
    const sum = { packets: 0, octets: 0 }
    for (const { packets, octets } of this.#layers) {
      sum.packets += packets
      sum.octets += octets
    }
    const layer = this.#layers[place]!
    return [{ ssrc: layer.ssrc, report: layer.senderReport(media, wall, sum) }]
  }
}
