import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { MediaPlane, PeerId, ReceivedBatch } from '#native/media-plane.ts'
import type { Slab } from '#native/slab.ts'
import { ntpMiddle, wallFromNtp } from '#rtp/ntp.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import type { SenderReport } from '#rtp/rtcp/reports.ts'
import { unwrapRtx } from '#rtp/rtx.ts'
import type { NegotiatedPublication, PublishedTrack } from '#webrtc/sdp/publish-answer.ts'
import type { KeyframeAnswers } from './keyframe-requests.ts'
import type { LivePublication } from './live-publication.ts'
import type { RelayObserver } from './observer.ts'
import { type LayersListener, PublishedLayers } from './published-layers.ts'
import { PublisherClock } from './publisher-clock.ts'
import { PublisherFeedback } from './publisher-feedback.ts'
import { type Route, type RoutedMedia, SsrcRouter } from './ssrc-router.ts'
import { type Arrival, UpLayer } from './up-layer.ts'

/** What is known of a publisher's program. */
export interface PublisherTraits {
  /** For people: 'obs', 'chromium' … */
  readonly client: string
  /** Whether it answers or ignores keyframe requests, where that is known (IO-22, IO-42). */
  readonly keyframeAnswers: KeyframeAnswers
  /** OBS answers a NACK for a higher layer with the wrong packet (IO-23). */
  readonly nackHigherLayers: boolean
}

/** What a publication tells its stream. */
export interface PublicationListener extends LayersListener {
  /** Authenticated packets still come: told about once a second while they do. */
  alive(now: number): void
}

/** Between two signs of life, in ms. */
const aliveInterval = 1000

export interface PublicationServices {
  readonly plane: MediaPlane
  readonly clock: Clock
  readonly observer: RelayObserver
  readonly listener: PublicationListener
}

/**
 * What one publisher sends, from its first packet to its last: an epoch of its stream. Takes
 * decrypted packets, keeps them in the logs of their layers, and answers with the feedback that
 * makes the publisher repair and refresh.
 */
export class Publication implements LivePublication, Machine {
  readonly peer: PeerId
  readonly format: NegotiatedPublication
  readonly traits: PublisherTraits
  readonly startedAt: number
  readonly layers: PublishedLayers
  readonly feedback: PublisherFeedback
  hasViewers = false
  /** Set when the registry has told it. */
  epoch: number | undefined
  readonly #plane: MediaPlane
  readonly #clock: Clock
  readonly #listener: PublicationListener
  readonly #router: SsrcRouter
  readonly #publisherClock = new PublisherClock()
  readonly #packet = new RtpPacket()
  /** SSRCs that the plane knows the log of; the router bounds their number. */
  readonly #routed = new Set<number>()
  #heard = false
  #aliveAt = Number.NEGATIVE_INFINITY

  constructor(
    peer: PeerId,
    format: NegotiatedPublication,
    traits: PublisherTraits,
    services: PublicationServices,
  ) {
    this.peer = peer
    this.format = format
    this.traits = traits
    this.#plane = services.plane
    this.#clock = services.clock
    this.#listener = services.listener
    this.startedAt = services.clock.now()
    const tracks = [format.audio, format.video].filter((track) => track !== undefined)
    const media = tracks.map((track) => openLayers(track, traits, services.plane))
    this.#router = new SsrcRouter(media)
    const layersOf = (kind: 'audio' | 'video') =>
      media.find((one) => one.format.kind === kind)?.layers ?? []
    this.layers = new PublishedLayers(
      { audio: layersOf('audio')[0], video: layersOf('video') },
      services,
    )
    this.feedback = new PublisherFeedback(media, services.observer, (rtcp) => {
      services.plane.sendRtcp(peer, rtcp)
    })
  }

  get client(): string {
    return this.traits.client
  }

  get nacks(): number {
    return this.feedback.nacks
  }

  /** @param batch borrowed; its slab is retained for every packet kept */
  receive(batch: ReceivedBatch): void {
    this.#heard = true
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsets[i]!
      const arrivedAt = batch.arrivedAt[i]!
      if (!this.#packet.read(batch.slab.bytes, offset, offset + batch.lengths[i]!)) continue
      this.feedback.count(this.#packet, arrivedAt)
      const route = this.#router.route(this.#packet)
      if (!route) continue
      const index = batch.indices?.[i]
      const sent = index === undefined || Number.isNaN(index) ? undefined : index
      const arrival = { now: arrivedAt, repaired: route.repair, sent }
      this.#store(route, batch.slab, arrival)
    }
    this.layers.flush()
  }

  rtcp(compound: Buffer): void {
    const wall = this.#clock.wall()
    const now = this.#clock.now()
    for (const packet of readRtcp(compound)) {
      if (packet.kind === 'sender-report') this.#senderReport(packet, now, wall)
    }
  }

  get nextTimeout(): number {
    return this.feedback.nextTimeout
  }

  poll(now: number): void {
    this.layers.poll(now, this.hasViewers)
    this.feedback.poll(now, this.hasViewers)
    if (!this.#heard || now - this.#aliveAt < aliveInterval) return
    this.#heard = false
    this.#aliveAt = now
    this.#listener.alive(now)
  }

  close(): void {
    this.layers.close()
  }

  #store({ layer, format, repair }: Route, slab: Slab, arrival: Arrival): void {
    const packet = this.#packet
    const { ssrc } = packet
    if (repair) {
      // In place: the bytes are ours until the slab is released. Probes carry nothing (IO-66).
      if (layer.ssrc === undefined) return
      if (!unwrapRtx(packet, { ssrc: layer.ssrc, payloadType: format.payloadType })) return
    }
    if (!layer.clock) {
      // Until a sender report says better, what arrives now was captured now.
      const clock = { rtpTimestamp: packet.timestamp, wall: this.#clock.wall() }
      layer.setClock(clock)
    }
    const index = layer.receive(packet, slab, arrival)
    this.layers.touch(layer)
    // The next packets of this SSRC need not wait for us.
    if (repair || this.#routed.has(ssrc)) return
    this.#routed.add(ssrc)
    this.#plane.route(this.peer, ssrc, layer.logId, index)
  }

  #senderReport(report: SenderReport, now: number, wall: number): void {
    const layer = this.layers.all.find((one) => one.ssrc === report.ssrc)
    if (!layer) return
    layer.reception?.receiveSenderReport(ntpMiddle(report.ntp), now)
    const reported = wallFromNtp(report.ntp)
    const clock = this.#publisherClock.fromReport(report.rtpTimestamp, reported, wall)
    layer.setClock(clock)
  }
}

function openLayers(
  format: PublishedTrack,
  { keyframeAnswers, nackHigherLayers }: PublisherTraits,
  plane: MediaPlane,
): RoutedMedia {
  const { codec, clockRate, feedback, extensions } = format
  const rids = format.layers.length > 0 ? format.layers.map(({ rid }) => rid) : [undefined]
  const asks = feedback.has('nack pli') || feedback.has('ccm fir')
  const layers = rids.map((rid, position) => {
    return new UpLayer(plane, {
      codec,
      clockRate,
      rid,
      repair: feedback.has('nack') && (position === 0 || nackHigherLayers),
      keyframeAnswers: asks ? keyframeAnswers : 'no',
      // Encodings of VP8 are chosen among as they are.
      dependencyId: codec === 'VP8' ? undefined : extensions.dependencyDescriptor,
    })
  })
  return { format, layers }
}
