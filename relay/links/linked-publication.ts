import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { LogClock, MediaPlane } from '#native/media-plane.ts'
import type { Slab } from '#native/slab.ts'
import type { LayerRun } from '#relay/layer-run.ts'
import type { LivePublication, LiveTrack } from '#relay/live-publication.ts'
import { type LayersListener, PublishedLayers } from '#relay/published-layers.ts'
import { UpLayer } from '#relay/up-layer.ts'
import type { RtpPacket } from '#rtp/packet.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import type { IncomingRuns } from './incoming-runs.ts'
import {
  isNamed,
  type LayerName,
  type LayerState,
  type LinkTrack,
  liveTrack,
  nameOf,
} from './link-description.ts'

/** The parent that a publication comes from now. */
export interface LinkSource {
  /** Ms to the parent and back; undefined while not measured. */
  readonly roundTrip: number | undefined
  /** These numbers of a run were lost on the way. */
  nack(ssrc: number, lost: readonly number[]): void
  requestKeyframe(layers: LayerName[]): void
  /** Of all layers only these are to come. */
  want(layers: LayerName[]): void
  /** Which of its packets are taken, and for what layer. */
  readonly runs: Pick<IncomingRuns, 'begin' | 'endOf' | 'end'>
}

/** Between two looks at losses, in ms: as long as reordering is waited for. */
const repairInterval = 10
/** Between two looks where nothing is lost, in ms: a request for a keyframe may wait so long. */
const pollInterval = 50
/** Between two looks at which layers are wanted, in ms, and how long one stays so. */
const wantInterval = 250
const wantedFor = 10_000
/** Of one layer, in ms: on its way up every node has merged those of its children. */
const keyframeInterval = 500

export interface LinkedServices {
  readonly plane: MediaPlane
  readonly clock: Clock
  readonly scheduler: Pick<Scheduler, 'changed'>
  readonly listener: LayersListener
  /** Whether anybody here, or below, is sent that layer or is about to be. */
  wants(layer: UpLayer): boolean
}

/**
 * What another node publishes, as it comes over a link: an epoch whose packets keep their ingest
 * indices. It outlives its parent: another one fills the same logs.
 */
export class LinkedPublication implements LivePublication, Machine {
  readonly format: LivePublication['format']
  readonly client: string
  readonly epoch: number
  readonly startedAt: number
  readonly layers: PublishedLayers
  hasViewers = false
  readonly #services: LinkedServices
  readonly #requestedAt = new Map<UpLayer, number>()
  /** Monotonic ms at which somebody last wanted it: at first everything is. */
  readonly #wantedAt = new Map<UpLayer, number>()
  /** As the parent was told. */
  #wanted: readonly UpLayer[]
  #wantDue = 0
  #source: LinkSource | undefined
  #nextTimeout: number
  #polledAt = Number.NEGATIVE_INFINITY
  #nacks = 0

  constructor(
    told: {
      readonly epoch: number
      readonly client: string
      readonly tracks: readonly LinkTrack[]
    },
    services: LinkedServices,
  ) {
    const { plane, clock } = services
    this.epoch = told.epoch
    this.client = told.client
    this.#services = services
    this.startedAt = clock.now()
    this.#nextTimeout = this.startedAt
    const tracks = told.tracks.map((track) => ({ track, format: liveTrack(track) }))
    const of = (kind: 'audio' | 'video') => tracks.find(({ track }) => track.kind === kind)
    const [audio, video] = [of('audio'), of('video')]
    this.format = {
      ...(audio && { audio: audio.format }),
      ...(video && { video: video.format }),
    }
    this.layers = new PublishedLayers(
      {
        audio: audio && openLayers(plane, audio.track, audio.format)[0],
        video: video ? openLayers(plane, video.track, video.format) : [],
      },
      services,
    )
    this.#wanted = this.layers.all
  }

  get wanted(): LayerName[] {
    return this.#wanted.map(nameOf)
  }

  get nacks(): number {
    return this.#nacks
  }

  /** A parent sends it, the first or another one. */
  comesFrom(source: LinkSource, tracks: readonly LinkTrack[]): void {
    this.#source = source
    for (const { kind, layers } of tracks) {
      this.update(layers.map((state) => ({ kind, ...state })))
    }
  }

  /** Nobody sends it any more. What is here stays, and is served. */
  orphan(): void {
    this.#source = undefined
    for (const layer of this.layers.all) layer.endRun()
  }

  /** What the parent tells of layers. */
  update(states: readonly LayerState[]): void {
    const now = this.#services.clock.now()
    for (const state of states) {
      const layer = this.layers.all.find((one) => isNamed(one, state))
      if (!layer) continue
      if (state.facts) layer.inspector?.learn(seen(state.facts))
      if (state.clock) layer.setClock(state.clock)
      layer.told(state.bitrate)
      if (state.run) this.#begin(layer, state.run, now)
      else this.#stop(layer)
    }
  }

  setClock(name: LayerName, clock: LogClock): void {
    this.layers.all.find((layer) => isNamed(layer, name))?.setClock(clock)
  }

  /** What is held, per layer, for a new parent to go on behind. */
  have(): { layer: LayerName; index: number }[] {
    return this.layers.all.flatMap((layer) => {
      const index = layer.heldUpTo
      return index === undefined ? [] : [{ layer: nameOf(layer), index }]
    })
  }

  /** @param sent the ingest index, where the plane has sent the packet on already */
  take(layer: UpLayer, packet: RtpPacket, slab: Slab, now: number, sent?: number): number {
    this.layers.touch(layer)
    return layer.receive(packet, slab, { now, repaired: false, sent })
  }

  /** After the packets of a batch. */
  flush(): void {
    this.layers.flush()
    const due = this.#repairDue
    if (due >= this.#nextTimeout) return
    this.#nextTimeout = due
    this.#services.scheduler.changed(this)
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    this.#polledAt = now
    for (const layer of this.layers.all) this.#repair(layer, now)
    this.#nextTimeout = Math.min(now + pollInterval, this.#repairDue)
    const wanted = this.layers.videoLayers.filter((layer) => this.#needsKeyframe(layer, now))
    if (wanted.length > 0) this.#source?.requestKeyframe(wanted.map(nameOf))
    this.layers.poll(now, this.hasViewers)
    if (now >= this.#wantDue) this.#lookWanted(now)
  }

  close(): void {
    this.#source?.runs.end(this)
    this.orphan()
    this.layers.close()
  }

  // Hundreds of streams are looked at: each only as often as there is a reason.
  get #repairDue(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { nack } of this.layers.all) if (nack) due = Math.min(due, nack.nextTimeout)
    return Math.max(due, this.#polledAt + repairInterval)
  }

  #begin(layer: UpLayer, run: LayerRun, now: number): void {
    layer.beginRun(run, now)
    this.#source?.runs.begin(run.ssrc, { base: run.base, publication: this, layer })
  }

  #stop(layer: UpLayer): void {
    // A parent that waits for it itself has it soon, and goes on behind what is held. Somebody may
    // have begun to watch since it was given up, and watches this log.
    if (this.#wanted.includes(layer) || this.#services.wants(layer)) layer.endRun()
    else if (layer.active) {
      this.#source?.runs.endOf(layer)
      layer.pause()
    }
  }

  // Narrowed slowly, as what is wanted again has to be copied from its keyframe on.
  #lookWanted(now: number): void {
    this.#wantDue = now + wantInterval
    for (const layer of this.layers.all)
      if (this.#services.wants(layer)) this.#wantedAt.set(layer, now)
    const wanted = this.layers.all.filter((layer) => {
      return now - (this.#wantedAt.get(layer) ?? this.startedAt) < wantedFor
    })
    const isSame =
      wanted.length === this.#wanted.length && wanted.every((one) => this.#wanted.includes(one))
    if (isSame) return
    this.#wanted = wanted
    this.#source?.want(wanted.map(nameOf))
  }

  #repair(layer: UpLayer, now: number): void {
    const { nack, ssrc } = layer
    if (!nack || ssrc === undefined) return
    const roundTrip = this.#source?.roundTrip
    if (roundTrip !== undefined) nack.roundTrip = roundTrip
    for (let repair = nack.poll(now); repair; repair = nack.poll(now)) {
      if (repair.kind === 'keyframe') {
        layer.keyframes.want()
        continue
      }
      this.#nacks += repair.lost.length
      this.#source?.nack(ssrc, repair.lost)
    }
  }

  // The regular requests are the ingest's own; here only somebody's need counts. While the log is
  // being filled the keyframe is on its way.
  #needsKeyframe(layer: UpLayer, now: number): boolean {
    if (layer.fillingUpTo !== undefined || !layer.keyframes.poll(now, false)) return false
    const last = this.#requestedAt.get(layer) ?? Number.NEGATIVE_INFINITY
    if (now - last < keyframeInterval) return false
    this.#requestedAt.set(layer, now)
    return true
  }
}

function openLayers(plane: MediaPlane, track: LinkTrack, format: LiveTrack): UpLayer[] {
  const { codec, clockRate, extensions } = format
  return track.layers.map(
    ({ rid }) =>
      new UpLayer(plane, {
        codec,
        clockRate,
        rid,
        repair: true,
        keyframeAnswers: track.keyframeAnswers,
        dependencyId: codec === 'VP8' ? undefined : extensions.dependencyDescriptor,
      }),
  )
}

function seen({ parameterSets, ...rest }: NonNullable<LayerState['facts']>) {
  return { ...rest, parameterSets: parameterSets.map((set) => Buffer.from(set, 'base64')) }
}
