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
import type { OfferedLayer } from './adaptation.ts'
import type { KeyframeAnswers } from './keyframe-requests.ts'
import { bySize } from './layer-selection.ts'
import type { RelayObserver } from './observer.ts'
import { PublisherClock } from './publisher-clock.ts'
import { PublisherFeedback } from './publisher-feedback.ts'
import { type Route, type RoutedMedia, SsrcRouter } from './ssrc-router.ts'
import { type Arrival, UpLayer } from './up-layer.ts'
import type { ViewedLayer } from './viewed-layer.ts'

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
export interface PublicationListener {
  /** A keyframe began in a layer. */
  keyframe(layer: ViewedLayer): void
  /** Of several layers: what there is to choose from was looked at again. */
  offered(now: number): void
  /** Authenticated packets still come: told about once a second while they do. */
  alive(now: number): void
}

/** Between two signs of life, in ms. */
const aliveInterval = 1000
/** Between two looks at what the layers take, in ms. */
const offerInterval = 250
/** Keyframes between two that have the layers looked at at once: as many as begin together. */
const mostEarlyOffers = 8

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
export class Publication implements Machine {
  readonly peer: PeerId
  readonly format: NegotiatedPublication
  readonly traits: PublisherTraits
  readonly audio: UpLayer | undefined
  readonly videoLayers: readonly UpLayer[]
  readonly startedAt: number
  readonly feedback: PublisherFeedback
  /** Whether anybody watches, set by the stream: for nobody, no keyframe is asked for. */
  hasViewers = false
  readonly #plane: MediaPlane
  readonly #clock: Clock
  readonly #listener: PublicationListener
  readonly #router: SsrcRouter
  readonly #publisherClock = new PublisherClock()
  readonly #packet = new RtpPacket()
  readonly #touched = new Set<UpLayer>()
  /** SSRCs that the plane knows the log of; the router bounds their number. */
  readonly #routed = new Set<number>()
  #video: UpLayer | undefined
  #heard = false
  #aliveAt = Number.NEGATIVE_INFINITY
  #offered: readonly OfferedLayer[] = []
  #offeredAt = Number.NEGATIVE_INFINITY
  #earlyOffers = 0

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
    this.audio = media.find((one) => one.format.kind === 'audio')?.layers[0]
    this.videoLayers = media.find((one) => one.format.kind === 'video')?.layers ?? []
    this.feedback = new PublisherFeedback(media, services.observer, (rtcp) => {
      services.plane.sendRtcp(peer, rtcp)
    })
  }

  /** The layer that viewers watch: the largest picture seen, or the only one. */
  get video(): UpLayer | undefined {
    return this.#video ?? this.videoLayers[0]
  }

  /** Whether viewers can be given more or less of it: simulcast, or an encoding of layers. */
  get layered(): boolean {
    return this.videoLayers.length > 1 || (this.videoLayers[0]?.lower.length ?? 0) > 0
  }

  /** Layers that come, from the smallest picture to the largest, and what they take. */
  get offered(): readonly OfferedLayer[] {
    return this.#offered
  }

  get layers(): readonly UpLayer[] {
    return this.audio ? [this.audio, ...this.videoLayers] : this.videoLayers
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
    // All is delivered before anybody hears of a keyframe: a replay started by it reads the log
    // up to its end, and must not meet the same packets again as fresh ones.
    for (const layer of this.#touched) this.#flush(layer)
    this.#touched.clear()
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
    if (this.hasViewers) this.#replaceSilent(now)
    this.feedback.poll(now, this.hasViewers)
    if (this.layered && now - this.#offeredAt >= offerInterval) {
      this.#offeredAt = now
      this.#earlyOffers = 0
      this.#offer(now)
      this.#listener.offered(now)
    }
    if (!this.#heard || now - this.#aliveAt < aliveInterval) return
    this.#heard = false
    this.#aliveAt = now
    this.#listener.alive(now)
  }

  close(): void {
    for (const layer of this.layers) layer.close()
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
    this.#touched.add(layer)
    // The next packets of this SSRC need not wait for us.
    if (repair || this.#routed.has(ssrc)) return
    this.#routed.add(ssrc)
    this.#plane.route(this.peer, ssrc, layer.logId, index)
  }

  #flush(layer: UpLayer): void {
    if (layer.flush()) this.#keyframe(layer)
    const { clock } = layer
    for (const lower of layer.lower) {
      if (!lower.flush()) continue
      // It may have begun with this keyframe.
      if (clock) this.#plane.setClock(lower.logId, clock)
      this.#listener.keyframe(lower)
    }
  }

  #keyframe(layer: UpLayer): void {
    const shown = this.#video
    const now = this.#clock.now()
    const isBetter = !shown || pixels(layer) > pixels(shown) || isSilent(shown, now)
    if (isBetter) this.#video = layer
    if (this.layered && this.#earlyOffers++ < mostEarlyOffers) this.#offer(now)
    this.#listener.keyframe(layer)
  }

  #offer(now: number): void {
    const all: ViewedLayer[] = this.videoLayers.flatMap((layer) => [...layer.lower, layer])
    for (const { rate, bitrate } of all) rate.sample(bitrate.bitsPerSecond(now), now)
    this.#offered = bySize(all)
      .filter((layer) => layer.rate.active && isShowable(layer))
      .map((layer) => {
        const { logId: id, rate } = layer
        const { keyframe } = layer.log
        const backlog = keyframe === undefined ? Infinity : layer.log.bytesFrom(keyframe)
        return { layer, id, rate: rate.rate, backlog, reliable: rate.reliable(now) }
      })
  }

  // Short of bandwidth, Chromium stops its largest layer first, and says nothing. A smaller picture
  // is better than one that stands still.
  #replaceSilent(now: number): void {
    const shown = this.#video
    if (!shown || this.videoLayers.length === 1 || !isSilent(shown, now)) return
    for (const layer of this.videoLayers) if (!isSilent(layer, now)) layer.keyframes.want()
  }

  #senderReport(report: SenderReport, now: number, wall: number): void {
    const layer = this.layers.find((one) => one.ssrc === report.ssrc)
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

/**
 * Viewers get no dependency descriptor, and without it browsers cannot tell the frames of an AV1
 * picture apart: of several sizes, they show the smallest alone.
 */
function isShowable({ codec, spatialId = 0 }: ViewedLayer): boolean {
  return codec !== 'AV1' || spatialId === 0
}

/** Whether nothing came for about a second. */
function isSilent(layer: UpLayer, now: number): boolean {
  return layer.bitrate.bitsPerSecond(now) === 0
}

function pixels(layer: UpLayer): number {
  const { width = 0, height = 0 } = layer.inspector?.facts ?? {}
  return width * height
}
