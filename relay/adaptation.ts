import type { MediaPlane } from '#native/media-plane.ts'
import { BandwidthEstimator } from '#rtp/congestion/bandwidth-estimator.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
import { LayerChoice, type LayerOption } from './layer-choice.ts'
import type { RelayObserver } from './observer.ts'
import type { VideoTrack } from './video-track.ts'
import type { ViewedLayer } from './viewed-layer.ts'

/** What is reckoned with before the link has told anything, in bits per second (BWE-88). */
const startEstimate = 1_000_000
/** The estimate never falls below, in bits per second: sound and a little (BWE-38). */
const leastEstimate = 50_000
/** Repairs take their part, at least this much (BWE-74). */
const repairShare = 0.03
/** Loss that says congestion by itself (BWE-77). */
const heavyLoss = 0.1
/** Changes of the pace smaller than this part are not worth a command. */
const paceStep = 0.15

/** A layer that a viewer may be sent, and what the choice goes by. */
export interface OfferedLayer extends LayerOption {
  readonly layer: ViewedLayer
}

/**
 * Fits a stream of several layers to one viewer's link: an estimate of what the link carries, and
 * the layer that fits (DESIGN §8). The plane numbers what it sends and reads the feedback; here
 * is one turn per report.
 */
export class Adaptation {
  readonly #video: VideoTrack
  readonly #plane: MediaPlane
  readonly #observer: RelayObserver
  readonly #estimator = new BandwidthEstimator({ start: startEstimate, minimum: leastEstimate })
  readonly #choice = new LayerChoice()
  #layers: readonly OfferedLayer[] = []
  #pace = Number.POSITIVE_INFINITY

  constructor(video: VideoTrack, plane: MediaPlane, observer: RelayObserver) {
    this.#video = video
    this.#plane = plane
    this.#observer = observer
  }

  /** Bits per second that the link is believed to carry, sound excluded. */
  get estimate(): number {
    return this.#estimator.estimate
  }

  /** Whether there are layers to choose from, and so an estimate worth the name. */
  get active(): boolean {
    return this.#layers.length > 0
  }

  /** Ms. */
  get roundTrip(): number {
    return this.#estimator.roundTrip
  }

  /** 0–1. */
  get lossFraction(): number {
    return this.#estimator.lossFraction
  }

  /** Not even the smallest layer fits: there is sound only. */
  get paused(): boolean {
    return this.#choice.paused
  }

  /** Another publication: its layers are told by the next `offer`. */
  reset(): void {
    this.#choice.reset()
    this.#layers = []
  }

  /**
   * What there is to choose from, told a few times a second.
   *
   * @param layers from the smallest picture to the largest, those the viewer's page asked for
   */
  offer(layers: readonly OfferedLayer[], now: number): void {
    this.#layers = layers
    this.#estimator.poll(now)
    this.#adapt(now)
  }

  report(digest: FeedbackDigest, now: number): void {
    this.#estimator.sentBytes(now, this.#plane.trackStatistics(this.#video.id).bytes)
    this.#estimator.report(digest, now)
    this.#adapt(now)
  }

  #adapt(now: number): void {
    if (this.#layers.length === 0) return
    const { estimate, pacing, state, lossFraction } = this.#estimator
    const before = this.#choice.current
    const wasPaused = this.#choice.paused
    const link = {
      usable: estimate * (1 - repairShare),
      congested: state === 'overuse' || lossFraction > heavyLoss,
    }
    const chosen = this.#choice.decide(this.#layers, link, now)
    this.#keepPace(pacing)
    this.#video.linkRate = estimate / 8000
    if (chosen !== before || this.#choice.paused !== wasPaused) this.#carryOut(before, chosen, now)
    const wanted = this.#choice.wanted(this.#layers, now) ?? 0
    const probe = this.#estimator.takeProbe(now, wanted)
    if (probe) this.#plane.probe(this.#video.id, probe)
  }

  #carryOut(before: number | undefined, chosen: number | undefined, now: number): void {
    const position = (id: number | undefined) => this.#layers.findIndex((one) => one.id === id)
    const [from, to] = [position(before), position(chosen)]
    const layer = this.#layers[to]?.layer
    const down = to < from
    if (!layer) this.#observer.layerSwitched('pause')
    else if (before !== undefined) this.#observer.layerSwitched(down ? 'down' : 'up')
    this.#video.choose(layer, { urgent: down || from < 0 }, now)
  }

  #keepPace(pacing: number): void {
    if (Math.abs(pacing - this.#pace) < this.#pace * paceStep) return
    this.#pace = pacing
    this.#plane.setLivePace(this.#video.id, pacing)
  }
}
