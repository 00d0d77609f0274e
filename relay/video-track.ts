import type { LogId, MediaPlane, TrackId, TrackSource } from '#native/media-plane.ts'
import type { ViewedTrack } from '#webrtc/sdp/viewed-track.ts'
import type { RelayObserver, ReplayCause } from './observer.ts'
import { type LinkReport, ReplayPace } from './replay-pace.ts'
import { ticksAhead, type ViewedLayer } from './viewed-layer.ts'

/** Between two restarts of a viewer's replay, in ms (DESIGN §6.9). */
const restartInterval = 1000
/** Between the first replay and a restart, in ms: the keyframe may still be on its way. */
const firstRestartAfter = 400
/** A link of less, in bytes per ms, is no faster than a first replay begins. */
const slowLink = 100
/** Catching up within this, in ms, looks like nothing but the change of layer. */
const unnoticed = 400
/** A publisher that answers requests sends a keyframe within this, in ms, or it is not waited for. */
const answerWait = 700
/** Ms after which a picture that began has come whole. */
const pictureTime = 50

export interface TrackServices {
  readonly plane: MediaPlane
  readonly observer: RelayObserver
}

/** Where a viewer stands: without a picture, catching up, or at the live end. */
export type VideoState = 'waiting' | 'replaying' | 'live'

/**
 * Decides what one viewer sees: where its replay starts, how fast it goes, when it starts over
 * (DESIGN §6). The plane carries it out and owns the numbers.
 */
export class VideoTrack {
  readonly id: TrackId
  readonly format: ViewedTrack
  readonly #plane: MediaPlane
  readonly #observer: RelayObserver
  /** What is sent, and what shall be: not the same while a keyframe is waited for. */
  #layer: ViewedLayer | undefined
  #wanted: ViewedLayer | undefined
  /** What was sent before the track fell silent. */
  #left: ViewedLayer | undefined
  #state: VideoState = 'waiting'
  readonly #pace = new ReplayPace()
  #restartAllowedAt = Number.NEGATIVE_INFINITY
  /** Until when the next keyframe of the wanted layer is waited for. */
  #patientUntil = Number.POSITIVE_INFINITY
  #hasPicture = false
  /** The replay under way goes by the estimate of the link. */
  #byEstimate = false
  /** Bytes per ms that the link carries, where that is estimated. */
  linkRate: number | undefined
  /** Whether all that is sent gets a transport-wide number, for that estimate. */
  numbered = false
  #exactProfile = true

  constructor(id: TrackId, format: ViewedTrack, services: TrackServices) {
    this.id = id
    this.format = format
    this.#plane = services.plane
    this.#observer = services.observer
  }

  get state(): VideoState {
    return this.#state
  }

  get layer(): ViewedLayer | undefined {
    return this.#layer
  }

  /** Whether it shows that encoding, or is about to: whichever part of it. */
  shows(rid: string | undefined): boolean {
    return [this.#layer, this.#wanted].some((layer) => layer !== undefined && layer.rid === rid)
  }

  get exactProfile(): boolean {
    return this.#exactProfile
  }

  /** The stream's layer is known: shows its last keyframe, or waits for the first. */
  watch(layer: ViewedLayer, now: number): void {
    this.#forget()
    this.#wanted = layer
    if (!this.#replay(layer, now, this.#arrival)) layer.keyframes.want()
  }

  /** Nothing is published any more; what was sent stays on the screen. */
  unwatch(): void {
    this.#forget()
    this.#wanted = undefined
  }

  /**
   * Another layer is to be shown, or none: the picture then stands still.
   *
   * @param urgent from its last keyframe on where the publisher sends no other for the asking, or
   *   has not in time; else from its next one, unless the last is so near that catching up from it
   *   goes unnoticed
   * @param congested what is sent now is too much for the link: it only delays what comes
   */
  choose(
    layer: ViewedLayer | undefined,
    { urgent, congested = false }: { urgent: boolean; congested?: boolean },
    now: number,
  ): void {
    if (layer === this.#wanted) return
    this.#wanted = layer
    if (!layer) {
      this.#fallSilent()
      return
    }
    if (layer === this.#layer) return
    const isAnswered = layer.keyframes.answers === 'yes'
    const soon = this.#state === 'waiting' || this.#isNear(layer, now) || (urgent && !isAnswered)
    this.#patientUntil = urgent ? now + answerWait : Number.POSITIVE_INFINITY
    if (soon && this.#replay(layer, now, this.#arrival ?? 'layer', congested)) return
    layer.keyframes.want()
    if (congested) this.#fallSilent()
  }

  /** A few times a second: the keyframe that was asked for may not come. */
  poll(now: number): void {
    const wanted = this.#wanted
    if (!wanted || wanted === this.#layer || now < this.#patientUntil) return
    this.#replay(wanted, now, 'layer')
  }

  /** A keyframe began in a layer of the publication. */
  keyframe(layer: ViewedLayer, now: number): void {
    if (layer !== this.#wanted) return
    const switched = layer !== this.#layer
    // One that was asked for and is being copied from its last keyframe, long ago: it has time.
    const isPatient = this.#patientUntil === Number.POSITIVE_INFINITY
    if (switched && this.#state === 'live' && layer.fillingUpTo !== undefined && isPatient) return
    if (switched && this.#isWithin(layer)) {
      this.#patientUntil = now + pictureTime
      return
    }
    // Having fallen silent for a moment is part of the change.
    const isChange = switched && (this.#state !== 'waiting' || this.#left !== undefined)
    const cause = isChange ? 'layer' : this.#arrival
    // At the live end the keyframe comes by itself; in a replay it makes the rest superfluous.
    if (switched || this.#state !== 'live') this.#replay(layer, now, cause)
  }

  /** The viewer has no picture: a PLI, a NACK that cannot be served, a lost first flight. */
  pictureLost(cause: ReplayCause, now: number): void {
    const layer = this.#layer ?? this.#wanted
    if (!layer) return
    layer.keyframes.want()
    // What went out before the handshake was done is lost for certain, and told of once; so is what
    // a connection did not take.
    const isCertain = cause === 'resent-flight' || cause === 'congestion'
    if (!isCertain && now < this.#restartAllowedAt) return
    // What was seen already would only be seen again, time after time.
    if (!layer.active && this.#state === 'live') return
    if (this.#replay(layer, now, cause)) this.#restartAllowedAt = now + restartInterval
  }

  /** What arrived of a report's packets paces the replay. */
  report(report: LinkReport): void {
    if (this.#state !== 'replaying') return
    const { linkRate } = this
    const isSlow = this.numbered && (linkRate ?? slowLink) < slowLink
    const known = linkRate !== undefined && (this.#byEstimate || isSlow)
    this.#plane.setPace(this.id, known ? this.#pace.follow(linkRate) : this.#pace.report(report))
  }

  /** The replay has reached the live end. */
  caughtUp(): void {
    if (this.#state === 'replaying') this.#state = 'live'
  }

  #forget(): void {
    this.#layer = undefined
    this.#left = undefined
    this.#patientUntil = Number.POSITIVE_INFINITY
    this.#state = 'waiting'
  }

  #fallSilent(): void {
    this.#left = this.#layer ?? this.#left
    this.#layer = undefined
    this.#state = 'waiting'
    this.#plane.silence(this.id)
  }

  // A jump within a replay is no news; a first picture, or one after a pause, is.
  get #arrival(): ReplayCause | undefined {
    if (this.#state !== 'waiting') return undefined
    return this.#hasPicture ? 'return' : 'join'
  }

  #isNear(layer: ViewedLayer, now: number): boolean {
    const { keyframe } = layer.log
    const age = layer.log.keyframeAge(now, layer.clockRate) ?? 0
    if (age < pictureTime && this.#isWithin(layer)) return false
    const spare = (this.linkRate ?? 0) - layer.mediaRate(now)
    return keyframe !== undefined && layer.log.bytesFrom(keyframe) <= spare * unnoticed
  }

  // The picture that the keyframe begins is on its way in all its sizes. A browser that was sent the
  // first of them alone takes the same again for a repeat, and waits for the others for 3 s.
  #isWithin({ rid, spatialId }: ViewedLayer): boolean {
    const shown = this.#layer
    if (this.#state === 'waiting' || !shown || shown.rid !== rid) return false
    return (spatialId ?? 0) < (shown.spatialId ?? 0)
  }

  // Every layer has its keyframe somewhere; without one there is nothing a decoder could use.
  #replay(
    layer: ViewedLayer,
    now: number,
    cause: ReplayCause | undefined,
    congested = false,
  ): boolean {
    const from = layer.log.keyframe
    const source = from === undefined ? undefined : this.#source(layer)
    if (from === undefined || !source) return false
    if (cause) {
      this.#observer.replayBegun(cause)
      this.#restartAllowedAt = now + firstRestartAfter
    }
    // A first picture shall come soon, whatever is believed of a link that has told nothing yet.
    // A jump to a newer keyframe is part of the same change.
    if (cause) this.#byEstimate = cause === 'layer' || (cause === 'return' && this.numbered)
    const rate = this.#byEstimate ? this.linkRate : undefined
    const link = rate === undefined ? undefined : { rate, congested }
    const alignment = alignmentOf(layer, this.#layer ?? this.#left)
    this.#left = undefined
    this.#patientUntil = Number.POSITIVE_INFINITY
    this.#layer = layer
    this.#state = 'replaying'
    this.#hasPicture = true
    const { fillingUpTo: until } = layer
    const keyframeBytes = this.numbered ? layer.log.keyframeBytes : undefined
    const plan = this.#pace.plan(layer.mediaRate(now), keyframeBytes, link)
    const facts = layer.inspector?.facts
    const bare = facts?.keyframeHasParameterSets === false && facts.parameterSets.length > 0
    this.#plane.replay(this.id, source, {
      from,
      ...plan,
      catchUp: Math.max(0, layer.log.bytesFrom(from) - plan.burst) / plan.pace,
      ...(bare && { prefix: facts.parameterSets }),
      ...(alignment && { alignment }),
      ...(until !== undefined && { until }),
    })
    return true
  }

  #source(layer: ViewedLayer): TrackSource | undefined {
    const choice = this.format.payloadTypeFor(layer.codec, layer.inspector?.facts.profile)
    if (!choice) return undefined
    const { payloadType, rtxPayloadType } = choice
    this.#exactProfile = choice.exactProfile
    return {
      log: layer.logId,
      payloadType,
      ...(rtxPayloadType !== undefined && { rtxPayloadType }),
      ...(this.numbered && { numbered: true }),
    }
  }
}

/** Where one layer's time stands against another's of the same publication. */
function alignmentOf(
  layer: ViewedLayer,
  before: ViewedLayer | undefined,
): { log: LogId; ticks: number } | undefined {
  if (!before || before === layer) return undefined
  const ticks = ticksAhead(layer, before)
  return ticks === undefined ? undefined : { log: before.logId, ticks }
}
