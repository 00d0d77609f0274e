import type { MediaPlane, PeerId, TrackId } from '#native/media-plane.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import type { NegotiatedView } from '#webrtc/sdp/viewed-track.ts'
import { Adaptation, type OfferedLayer } from './adaptation.ts'
import type { JoinTimes } from './join-times.ts'
import { allowedLayers, automatic, type LayerSelection } from './layer-selection.ts'
import type { RelayObserver } from './observer.ts'
import type { PublishedLayers } from './published-layers.ts'
import { RtcpBudget } from './rtcp-budget.ts'
import type { UpLayer } from './up-layer.ts'
import { type TrackServices, VideoTrack } from './video-track.ts'
import type { ViewedLayer } from './viewed-layer.ts'

/** RTCP packets of one viewer that are looked at per second (SEC-46). */
const maxRtcpPerSecond = 200

/** What a viewer needs of a publication. */
export type Watched = Pick<PublishedLayers, 'audio' | 'video' | 'layered' | 'offered'>

/** One viewer of a stream: a secured peer and its two outgoing tracks. */
export class Viewer {
  readonly peer: PeerId
  readonly joinTimes: JoinTimes
  readonly video: VideoTrack | undefined
  readonly #audio: TrackId | undefined
  readonly #view: NegotiatedView
  readonly #plane: MediaPlane
  readonly #observer: RelayObserver
  #adaptation: Adaptation | undefined
  #watched: Watched | undefined
  #selection: LayerSelection = automatic
  /** Of a publication with layers, one was chosen. */
  #chooses = false
  readonly #rtcpBudget = new RtcpBudget(maxRtcpPerSecond)

  /** @param peer already known to the plane, keys and all */
  constructor(peer: PeerId, view: NegotiatedView, services: TrackServices, joinTimes: JoinTimes) {
    const { plane } = services
    this.peer = peer
    this.joinTimes = joinTimes
    this.#view = view
    this.#plane = plane
    this.#observer = services.observer
    if (view.video) {
      this.video = new VideoTrack(plane.addTrack(peer, view.video), view.video, services)
    }
    if (view.audio) this.#audio = plane.addTrack(peer, view.audio)
  }

  /** Once there were layers to choose from. */
  get adaptation(): Adaptation | undefined {
    return this.#adaptation
  }

  /** Whether the viewer offered the very profile that the stream has. */
  get exactProfile(): boolean {
    return this.video?.exactProfile ?? true
  }

  get tracks(): readonly TrackId[] {
    return [this.video?.id, this.#audio].filter((id) => id !== undefined)
  }

  get selection(): LayerSelection {
    return this.#selection
  }

  /** What its page wants to see: good for this and later publications. */
  select(selection: LayerSelection): void {
    this.#selection = selection
  }

  /** Whether it is sent that layer, or is about to be. */
  wants(layer: UpLayer): boolean {
    return layer.codec === 'opus' || this.video?.shows(layer.rid) === true
  }

  /** Goes on with a publication, the first or a later one, in the same session. */
  watch(publication: Watched, now: number): void {
    this.#watched = publication
    this.#listen(publication.audio)
    if (publication.layered) this.#choose(now)
    else if (publication.video) this.video?.watch(publication.video, now)
  }

  unwatch(): void {
    this.#watched = undefined
    this.#chooses = false
    if (this.video) this.video.numbered = false
    this.video?.unwatch()
  }

  /** Looks at what the layers take now and what the link carries: a few times a second. */
  fit(now: number): void {
    const { video } = this
    const watched = this.#watched
    if (!video || !watched?.layered) return
    // That there are layers may show with the first keyframe only.
    if (!this.#chooses) {
      this.#choose(now)
      return
    }
    const offered = this.#allowed(watched.offered)
    this.#adaptation?.offer(offered, now)
    video.poll(now)
  }

  /** A keyframe began in one of the layers. */
  keyframe(layer: ViewedLayer, now: number): void {
    if (!this.video?.layer) this.fit(now)
    this.video?.keyframe(layer, now)
  }

  /** Its handshake went the long way round, and what was sent early is gone. */
  earlyMediaLost(now: number): void {
    this.video?.pictureLost('resent-flight', now)
  }

  /** Its TCP connection took no more media, or takes it again: then the rest is out of date. */
  congested(isCongested: boolean, now: number): void {
    if (!isCongested) this.video?.pictureLost('congestion', now)
  }

  starved(track: TrackId, now: number): void {
    if (track === this.video?.id) this.video.pictureLost('unserved-nack', now)
  }

  started(track: TrackId, now: number): void {
    if (track === this.video?.id) this.joinTimes.reached('first-packet', now)
  }

  caughtUp(track: TrackId, now: number): void {
    if (track !== this.video?.id) return
    this.video.caughtUp()
    this.joinTimes.reached('live', now)
  }

  /** @param compound decrypted, from the viewer */
  rtcp(compound: Buffer, now: number): void {
    if (!this.#rtcpBudget.allows(now)) return
    for (const packet of readRtcp(compound)) {
      switch (packet.kind) {
        case 'nack':
          this.#nack(packet.media, packet.lost)
          break
        case 'pli':
          if (packet.media === this.#view.video?.ssrc) this.#lostPicture(now)
          break
        case 'fir':
          if (packet.requests.some(({ ssrc }) => ssrc === this.#view.video?.ssrc)) {
            this.#lostPicture(now)
          }
          break
        case 'transport-cc':
          this.#arrivals(packet.packet, now)
          break
        case 'receiver-report':
          for (const block of packet.reports) this.#reception(block.ssrc, block.fractionLost, now)
          break
        case 'remb':
          this.#adaptation?.receiverEstimate(packet.bitrate, now)
          break
        case 'sender-report':
        case 'sdes':
        case 'bye':
        case 'app':
        case 'xr':
        case 'unknown':
          break
      }
    }
  }

  // One layer alone is sent whatever the link carries: nothing would come of an estimate.
  #choose(now: number): void {
    if (!this.video) return
    this.#chooses = true
    this.video.numbered = this.#view.video?.transportCcId !== undefined
    this.#adaptation ??= new Adaptation(this.video, this.#plane, this.#observer)
    this.#adaptation.reset()
    this.video.unwatch()
    this.fit(now)
  }

  #allowed(offered: readonly OfferedLayer[]): readonly OfferedLayer[] {
    if (this.#selection === automatic) return offered
    const layers = offered.map(({ layer }) => layer)
    const allowed = allowedLayers(layers, this.#selection)
    return offered.filter(({ layer }) => allowed.includes(layer))
  }

  #listen(layer: UpLayer | undefined): void {
    const choice = layer && this.#view.audio?.payloadTypeFor(layer.codec)
    if (!choice || this.#audio === undefined) return
    const { payloadType } = choice
    this.#plane.follow(this.#audio, { log: layer.logId, payloadType })
  }

  #nack(ssrc: number, lost: readonly number[]): void {
    const track = ssrc === this.#view.video?.ssrc ? this.video?.id : undefined
    const asked = track ?? (ssrc === this.#view.audio?.ssrc ? this.#audio : undefined)
    if (asked === undefined) return
    this.#observer.nacked('out', lost.length)
    this.#plane.retransmit(asked, lost)
  }

  #lostPicture(now: number): void {
    this.#observer.keyframeRequested('out')
    this.video?.pictureLost('keyframe-request', now)
  }

  #arrivals(feedback: Buffer, now: number): void {
    const digest = this.#plane.readFeedback(this.peer, feedback, now)
    if (!digest) return
    this.adaptation?.report(digest, now)
    this.video?.report(digest)
  }

  // Without transport-wide numbers the reports of every second have to do.
  #reception(ssrc: number, fractionLost: number, now: number): void {
    if (ssrc !== this.#view.video?.ssrc || this.#view.video.transportCcId !== undefined) return
    this.video?.report({ received: 256 - fractionLost, lost: fractionLost })
    this.#adaptation?.lossReported(fractionLost / 256, now)
  }
}
