import { OutgoingTrack, type OutgoingTrackOptions, type ProtectedPacket } from './outgoing-track.ts'
import type { PacketSealer } from './srtp.ts'
import type { SourceReport, VideoSender } from './video-sender.ts'

/** One layer, and the stream that repeats its packets. */
export interface BrowserLayer {
  readonly media: OutgoingTrackOptions
  readonly repair: OutgoingTrackOptions
}

/**
 * Video as a browser sends it: each layer with numbers, a clock and reports of its own, and
 * repaired by RTX (RFC 4588 §4).
 */
export class BrowserVideo implements VideoSender {
  readonly #layers: readonly RepairedTrack[]

  constructor(layers: readonly BrowserLayer[], srtp: PacketSealer) {
    this.#layers = layers.map((layer) => new RepairedTrack(layer, srtp))
  }

  get ssrcs(): readonly number[] {
    return this.#layers.flatMap(({ media, repair }) => [media.ssrc, repair.ssrc])
  }

  write(layer: number, payload: Buffer, marker: boolean, media: number): ProtectedPacket {
    return this.#layers[layer]!.write({ payload, marker, at: media })
  }

  repair(ssrc: number, lost: number): ProtectedPacket | undefined {
    return this.#layers.find(({ media }) => media.ssrc === ssrc)?.repeat(lost)
  }

  reports(media: number, wall: number): readonly SourceReport[] {
    return this.#layers.map(({ media: track }) => {
      return { ssrc: track.ssrc, report: track.senderReport(media, wall) }
    })
  }
}

interface SentPacket {
  readonly payload: Buffer
  readonly marker: boolean
  /** Milliseconds of media time. */
  readonly at: number
}

class RepairedTrack {
  readonly media: OutgoingTrack
  readonly repair: OutgoingTrack
  readonly #srtp: PacketSealer
  readonly #history: number
  /** By the low bits of their numbers. Payloads are the clip's: nothing is copied. */
  readonly #sent: (SentPacket & { readonly sequenceNumber: number })[] = []

  constructor({ media, repair }: BrowserLayer, srtp: PacketSealer) {
    this.media = new OutgoingTrack(media)
    this.repair = new OutgoingTrack(repair)
    this.#srtp = srtp
    this.#history = media.history
  }

  write(packet: SentPacket): ProtectedPacket {
    const sequenceNumber = this.media.nextSequenceNumber
    this.#sent[sequenceNumber % this.#history] = { ...packet, sequenceNumber }
    return this.media.write(packet.payload, packet.marker, packet.at, this.#srtp)
  }

  repeat(lost: number): ProtectedPacket | undefined {
    const kept = this.#sent[lost % this.#history]
    if (kept?.sequenceNumber !== lost) return undefined
    const payload = Buffer.allocUnsafe(2 + kept.payload.length)
    payload.writeUInt16BE(lost)
    kept.payload.copy(payload, 2)
    return this.repair.write(payload, kept.marker, kept.at, this.#srtp)
  }
}
