import type { MediaPlane } from '#native/media-plane.ts'
import { BandwidthEstimator } from '#rtp/congestion/bandwidth-estimator.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
import { ReportedEstimate } from '#rtp/congestion/reported-estimate.ts'
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
/** Bytes of a packet that a probe repeats, about: the track does not count them as its own. */
const probeBytes = 1000
/** Times the largest layer: more is of no use (BWE-59). */
const usefulFactor = 2
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
  /** From transport-wide feedback, or from reports for want of that. */
  readonly #measured: BandwidthEstimator | undefined
  readonly #reported: ReportedEstimate | undefined
  readonly #choice = new LayerChoice()
  #layers: readonly OfferedLayer[] = []
  #livePace = Number.POSITIVE_INFINITY

  constructor(video: VideoTrack, plane: MediaPlane, observer: RelayObserver) {
    this.#video = video
    this.#plane = plane
    this.#observer = observer
    const bounds = { start: startEstimate, minimum: leastEstimate }
    if (video.numbered) this.#measured = new BandwidthEstimator(bounds)
    else this.#reported = new ReportedEstimate(bounds)
  }

  /** Bits per second that the link is believed to carry, sound excluded. */
  get estimate(): number {
    return this.#link.estimate
  }

  /** Whether there are layers to choose from, and so an estimate worth the name. */
  get active(): boolean {
    return this.#layers.length > 0
  }

  /** Ms; undefined where nothing tells it. */
  get roundTrip(): number | undefined {
    return this.#measured?.roundTrip
  }

  /** 0–1. */
  get lossFraction(): number {
    return this.#link.lossFraction
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
    this.#countSent(now)
    this.#measured?.poll(now)
    this.#video.poll(now)
    this.#adapt(now)
  }

  report(digest: FeedbackDigest, now: number): void {
    if (!this.#measured) return
    this.#countSent(now)
    this.#measured.report(digest, now)
    this.#adapt(now)
  }

  /** @param fraction of the video's packets lost since the last report, 0–1 */
  lossReported(fraction: number, now: number): void {
    const largest = this.#layers.at(-1)
    this.#reported?.loss(fraction, (largest?.rate ?? 0) * usefulFactor, now)
    this.#adapt(now)
  }

  /** @param bits per second that the viewer says it can get (REMB) */
  receiverEstimate(bits: number, now: number): void {
    this.#reported?.receiverEstimate(bits, now)
  }

  #countSent(now: number): void {
    const { bytes, probed } = this.#plane.trackStatistics(this.#video.id)
    this.#measured?.sentBytes(now, bytes + probed * probeBytes)
  }

  get #link(): BandwidthEstimator | ReportedEstimate {
    return this.#measured ?? this.#reported!
  }

  #adapt(now: number): void {
    if (this.#layers.length === 0) return
    const { estimate, state, lossFraction } = this.#link
    const before = this.#choice.current
    const wasPaused = this.#choice.paused
    const link = {
      usable: estimate * (1 - repairShare),
      congested: state === 'overuse' || lossFraction > heavyLoss,
    }
    const chosen = this.#choice.decide(this.#layers, link, now)
    this.#video.linkRate = estimate / 8000
    if (chosen !== before || this.#choice.paused !== wasPaused) {
      this.#carryOut(before, chosen, link.congested, now)
    }
    if (this.#measured) this.#pace(this.#measured, now)
  }

  #pace(measured: BandwidthEstimator, now: number): void {
    const { pacing } = measured
    if (Math.abs(pacing - this.#livePace) >= this.#livePace * paceStep) {
      this.#livePace = pacing
      this.#plane.setLivePace(this.#video.id, pacing)
    }
    // A change of layer would end it, and say nothing of the link.
    const { layer, state } = this.#video
    if (state === 'replaying' || layer?.logId !== this.#choice.current) return
    const wanted = this.#choice.wanted(this.#layers, now) ?? 0
    const probe = measured.takeProbe(now, wanted / (1 - repairShare))
    if (probe) this.#plane.probe(this.#video.id, probe)
  }

  #carryOut(
    before: number | undefined,
    chosen: number | undefined,
    congested: boolean,
    now: number,
  ): void {
    const position = (id: number | undefined) => this.#layers.findIndex((one) => one.id === id)
    const [from, to] = [position(before), position(chosen)]
    const layer = this.#layers[to]?.layer
    const down = to < from
    if (!layer) this.#observer.layerSwitched('pause')
    else if (before !== undefined) this.#observer.layerSwitched(down ? 'down' : 'up')
    this.#video.choose(layer, { urgent: down || from < 0, congested: down && congested }, now)
  }
}
