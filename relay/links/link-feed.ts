import type { MessageOf, SubscriptionMessage } from '#control/messages.ts'
import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { LogClock, LogId, MediaPlane, TrackId } from '#native/media-plane.ts'
import type { LayerRun } from '#relay/layer-run.ts'
import type { LivePublication } from '#relay/live-publication.ts'
import type { Stream, StreamFollower } from '#relay/stream.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import type { FeedLink, WithoutSubscription } from './feed-link.ts'
import {
  isNamed,
  isTellable,
  layerState,
  linkTracks,
  nameOf,
  type WantedLayers,
  wantedOf,
} from './link-description.ts'
import { numberBound, runStart } from './run-start.ts'

/** A stream that a child may have. */
export interface Granted {
  readonly stream: Stream
  /** Nodes from the origin down to this one. */
  readonly path: readonly string[]
}

export interface FeedServices {
  readonly link: FeedLink
  readonly plane: MediaPlane
  readonly clock: Clock
}

/** A layer on its way to the child. */
interface Flow extends LayerRun {
  readonly log: LogId
  track: TrackId | undefined
}

/** Bytes per ms at which a log is copied, 100 Mbit/s, and what may leave of it at once. */
const copyPace = 12_500
const copyBurst = 64 * 1024
/** Between two looks at what has changed, in ms; while layers are awaited, the shorter one. */
const lookInterval = 250
const eagerInterval = 20
/**
 * What a child has from another parent goes on meanwhile, in ms: less than it waits for an answer
 * (`reattachTiming.answerTimeout`), a long round trip included.
 */
const readyWithin = 600
/** Between two words on layers that the child does not get, in ms. */
const rateInterval = 1000

/**
 * What one child gets of one stream: the runs of the layers that it wants, and all that it is
 * told. Follows the stream from publication to publication, as a viewer does.
 */
export class LinkFeed implements StreamFollower, Machine {
  readonly isNode = true
  readonly stream: Stream
  readonly #subscription: number
  readonly #services: FeedServices
  readonly #flows = new Map<UpLayer, Flow>()
  readonly #clocks = new Map<UpLayer, LogClock>()
  #have: MessageOf<'subscribe'>['have']
  readonly #need: MessageOf<'subscribe'>['have']
  #wanted: WantedLayers
  #path: readonly string[]
  #publication: LivePublication | undefined
  #toldEpoch: number | undefined
  /** Monotonic ms until which the first answer may wait for all that is wanted. */
  readonly #readyBy: number
  #ratesDue = 0
  #nextTimeout = 0

  constructor(asked: MessageOf<'subscribe'>, { stream, path }: Granted, services: FeedServices) {
    this.stream = stream
    this.#subscription = asked.subscription
    this.#have = asked.have
    this.#need = asked.need ?? []
    this.#wanted = asked.wanted
    this.#path = path
    this.#services = services
    // It has the stream, and has lost nobody: whoever gives it goes on until we answer.
    const isMoving = asked.have.length > 0 && asked.lost === undefined
    this.#readyBy = isMoving ? services.clock.now() + readyWithin : Number.NEGATIVE_INFINITY
  }

  /** The stream shows something else from now on. */
  watch(publication: LivePublication): void {
    this.#endFlows()
    // What the child wants of it, it cannot know yet.
    if (this.#toldEpoch !== undefined) this.#wanted = 'all'
    this.#publication = publication
    this.#tellPublication()
  }

  unwatch(): void {
    const epoch = this.#toldEpoch
    this.#endFlows()
    this.#publication = undefined
    if (epoch !== undefined) this.#tell({ type: 'inactive', epoch })
  }

  wants(layer: UpLayer): boolean {
    const publication = this.#publication
    return publication !== undefined && wantedOf(publication, this.#wanted).includes(layer)
  }

  /** A keyframe may be what a layer was waiting for. */
  keyframe(): void {
    this.#beginMissing()
  }

  /** The child's way back is proved: what it has been told of can go. */
  start(): void {
    for (const [layer, flow] of this.#flows) this.#send(layer, flow)
  }

  want(wanted: WantedLayers): void {
    this.#wanted = wanted
    const publication = this.#publication
    if (!publication || this.#toldEpoch === undefined) return
    const kept = new Set(wantedOf(publication, wanted))
    const ended = [...this.#flows.keys()].filter((layer) => !kept.has(layer))
    for (const layer of ended) this.#endFlow(layer)
    if (ended.length > 0) this.#tellLayers(ended)
    this.#beginMissing()
  }

  requestKeyframe(names: MessageOf<'keyframe'>['layers']): void {
    for (const layer of this.#publication?.layers.videoLayers ?? []) {
      if (names.some((name) => isNamed(layer, name))) layer.keyframes.want()
    }
  }

  reroute(path: readonly string[]): void {
    this.#path = path
    if (this.#toldEpoch !== undefined) this.#tell({ type: 'path', path: [...path] })
  }

  abandon(): void {
    const refusal = { reason: 'unknown-stream', text: 'no way to the origin' } as const
    this.#services.link.refuse(this.#subscription, refusal)
  }

  /** The child wants no more of it, or is gone. */
  close(): void {
    this.#endFlows()
    this.#publication = undefined
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    const publication = this.#publication
    if (publication && this.#toldEpoch !== publication.epoch) this.#tellPublication()
    else this.#beginMissing()
    this.#tellClocks()
    this.#tellRates(now)
    const waits = publication !== undefined && this.#isMissingSome(publication)
    this.#nextTimeout = now + (waits ? eagerInterval : lookInterval)
  }

  #tellPublication(): void {
    const publication = this.#publication
    // The registry numbers epochs, and its word may be on its way.
    if (publication?.epoch === undefined) return
    if (this.#toldEpoch !== undefined && publication.epoch <= this.#toldEpoch) return
    if (this.#toldEpoch === undefined && this.#isAwaited(publication)) return
    const type = this.#toldEpoch === undefined ? 'subscribed' : 'epoch'
    const { epoch, client } = publication
    for (const layer of wantedOf(publication, this.#wanted)) this.#begin(layer)
    this.#toldEpoch = epoch
    this.#tell({
      type,
      epoch,
      client,
      path: [...this.#path],
      tracks: linkTracks(
        publication,
        (layer) => this.#flows.get(layer),
        this.#services.clock.now(),
      ),
    })
    for (const layer of publication.layers.all) {
      if (layer.clock) this.#clocks.set(layer, layer.clock)
    }
    this.start()
  }

  // A child leaves its parent for one that answers, so the answer waits until there is no gap in it.
  #isAwaited(publication: LivePublication): boolean {
    if (this.#services.clock.now() >= this.#readyBy) return false
    const wanted = wantedOf(publication, this.#wanted)
    return wanted.some((layer) => this.#firstOf(layer) === undefined)
  }

  #beginMissing(): void {
    const publication = this.#publication
    if (!publication || this.#toldEpoch !== publication.epoch) return
    // One that was paused here goes on in another log.
    for (const [layer, { log }] of this.#flows) if (log !== layer.logId) this.#endFlow(layer)
    const begun = wantedOf(publication, this.#wanted).filter((layer) => {
      return !this.#flows.has(layer) && this.#begin(layer)
    })
    if (begun.length === 0) return
    this.#tellLayers(begun)
    this.start()
  }

  #isMissingSome(publication: LivePublication): boolean {
    return wantedOf(publication, this.#wanted).some((layer) => !this.#flows.has(layer))
  }

  /** @returns whether there is something of it to send */
  #begin(layer: UpLayer): boolean {
    const from = this.#firstOf(layer)
    if (from === undefined) return false
    const { link } = this.#services
    const ssrc = link.nextSsrc()
    if (ssrc === undefined) {
      link.exhausted()
      return false
    }
    const base = Math.floor(from / numberBound) * numberBound
    // What is being filled here itself is not at the live end either.
    const end = layer.fillingUpTo ?? layer.log.end
    this.#flows.set(layer, { ssrc, base, from, end, log: layer.logId, track: undefined })
    // When it is wanted again, what the child had before is no use.
    this.#have = this.#have.filter((held) => !isNamed(layer, held.layer))
    return true
  }

  #firstOf(layer: UpLayer): number | undefined {
    const epoch = this.#publication?.epoch
    if (epoch === undefined) return undefined
    return runStart(layer, { epoch, have: this.#have, need: this.#need })
  }

  #send(layer: UpLayer, flow: Flow): void {
    const { link, plane } = this.#services
    const peer = link.provedPeer
    if (peer === undefined || flow.track !== undefined) return
    const { ssrc, base, from } = flow
    flow.track = plane.addLink(peer, { ssrc, base })
    link.runs.set(ssrc, flow.track)
    const source = { log: layer.logId, payloadType: 0 }
    plane.replay(flow.track, source, { from, pace: copyPace, burst: copyBurst })
  }

  #tellClocks(): void {
    for (const layer of this.#flows.keys()) {
      const { clock } = layer
      if (!clock || this.#clocks.get(layer) === clock || !isTellable(clock)) continue
      this.#clocks.set(layer, clock)
      const epoch = this.#toldEpoch!
      this.#tell({ type: 'clock', epoch, layer: nameOf(layer), clock: { ...clock } })
    }
  }

  // What does not flow may be wanted, if it is known what it takes.
  #tellRates(now: number): void {
    const publication = this.#publication
    if (!publication || this.#toldEpoch !== publication.epoch || now < this.#ratesDue) return
    this.#ratesDue = now + rateInterval
    const idle = publication.layers.videoLayers.filter((layer) => !this.#flows.has(layer))
    if (idle.length > 0) this.#tellLayers(idle)
  }

  #tellLayers(layers: readonly UpLayer[]): void {
    const now = this.#services.clock.now()
    const states = layers.map((layer) => layerState(layer, this.#flows.get(layer), now))
    this.#tell({ type: 'layers', epoch: this.#toldEpoch!, layers: states })
  }

  #tell(message: WithoutSubscription<SubscriptionMessage>): void {
    this.#services.link.tell({ subscription: this.#subscription, ...message })
  }

  #endFlow(layer: UpLayer): void {
    const flow = this.#flows.get(layer)
    if (!flow) return
    this.#flows.delete(layer)
    const { link, plane } = this.#services
    link.runs.delete(flow.ssrc)
    if (flow.track !== undefined) plane.removeTrack(flow.track)
  }

  #endFlows(): void {
    for (const layer of [...this.#flows.keys()]) this.#endFlow(layer)
    this.#clocks.clear()
  }
}
