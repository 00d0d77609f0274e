import { timescales } from '#recorder/cmaf/init-segment.ts'
import { isFileCodec, videoConfig } from '#recorder/cmaf/track-config.ts'
import type { LivePublication } from '#relay/live-publication.ts'
import type { PacketLog } from '#relay/packet-log.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { Interleaver, type TimedUnit, type TrackKind } from './interleaver.ts'
import { planFor, type SegmentPlan } from './segment-plan.ts'
import { Segmenter, type SegmentListener } from './segmenter.ts'
import { Timeline, type TrackClock } from './timeline.ts'
import { type AccessUnit, TrackReader } from './track-reader.ts'

export interface EpochReaderOptions {
  readonly publication: LivePublication
  /** Of the recording, once it has one: a later epoch keeps it. */
  readonly plan: SegmentPlan | undefined
  readonly listener: SegmentListener
  /** Ms since the Unix epoch. */
  wall(): number
}

/** Sender reports are waited for until the first packets are so old, in ms. */
const reportPatience = 1500
/** And a first picture, where none at all has come. */
const picturePatience = 3000

/** Of several sizes the largest is known by then, in ms since the first packet. */
const layerPatience = 1000
/** Reports put pictures back by less, in seconds. */
const longestStepBack = 2
/** More than anything is waited for, in ms. */
const longestWait = 10_000

interface Track {
  readonly kind: TrackKind
  readonly layer: UpLayer
  readonly reader: TrackReader
  first: AccessUnit | undefined
  /** As the timeline was told. */
  clock: TrackClock | undefined
}

/** Reads what one publication shows, and cuts it into segments. Sans-IO; times in monotonic ms. */
export class EpochReader {
  readonly #options: EpochReaderOptions
  readonly #tracks: Track[] = []
  #timeline = new Timeline(timescales)
  #interleaver: Interleaver | undefined
  #segmenter: Segmenter | undefined
  #plan: SegmentPlan | undefined
  #seenAt: number | undefined
  /** Of each track, where it has come to, in seconds. */
  readonly #reached = new Map<TrackKind, number>()
  #isAnew = false

  constructor(options: EpochReaderOptions) {
    this.#options = options
    this.#plan = options.plan
  }

  /** How it is cut; undefined before it begins. */
  get plan(): SegmentPlan | undefined {
    return this.#plan
  }

  /** Whether there are pictures that no file of ours can have. */
  get isWithoutPictures(): boolean {
    const codec = this.#options.publication.layers.video?.codec
    return codec !== undefined && codec !== 'opus' && !isFileCodec(codec)
  }

  /** Whether that layer is read, or about to be. */
  wants(layer: UpLayer): boolean {
    const { layers } = this.#options.publication
    return (
      this.#tracks.some((track) => track.layer === layer) ||
      (layer === layers.video && !this.isWithoutPictures)
    )
  }

  /** Ms since the Unix epoch of a time in seconds since it began. */
  wallAt(seconds: number): number {
    return this.#timeline.wallAt(seconds) ?? this.#options.wall()
  }

  /** Cuts all that has come. */
  read(now: number): void {
    if (!this.#interleaver) this.#begin(now)
    if (!this.#interleaver || !this.#segmenter) return
    this.#tellClocks()
    for (let unit = this.#interleaver.next(now); unit; unit = this.#interleaver.next(now)) {
      if (this.#isBack(unit)) {
        this.#beginAnew(unit)
        return
      }
      this.#segmenter.add(unit)
    }
  }

  /** The publication is over. */
  end(now: number): void {
    this.read(now)
    // What waits for a repair waits no longer.
    this.read(now + longestWait)
    this.#segmenter?.end()
  }

  #begin(now: number): void {
    const { audio, video, videoLayers } = this.#options.publication.layers
    if (hasPackets(audio) || hasPackets(video)) this.#seenAt ??= now
    if (this.#seenAt === undefined) return
    const waited = now - this.#seenAt
    if (videoLayers.length > 1 && waited < layerPatience) return
    this.#openTracks()
    for (const track of this.#tracks) track.first ??= track.reader.read(now)
    const found = this.#tracks.filter(({ first }) => first !== undefined)
    if (found.length === 0) return
    const lacksPicture = this.#tracks.some(({ kind, first }) => kind === 'video' && !first)
    if (lacksPicture && (waited < picturePatience || hasPackets(video))) return
    const lacksClock = found.some(({ layer }) => layer.clock === undefined)
    if (lacksClock && waited < reportPatience) return
    this.#start(found, now)
  }

  #start(found: readonly Track[], now: number): void {
    for (const track of found) this.#tellClock(track, track.layer.clock ?? this.#guess(track))
    const [lead] = found.toSorted((a) => (a.kind === 'video' ? -1 : 1))
    this.#timeline.begin(lead!.kind, lead!.first!.timestamp)
    const readers = Object.fromEntries(this.#tracks.map(({ kind, reader }) => [kind, reader]))
    this.#interleaver = new Interleaver(readers, this.#timeline, now)
    for (const { kind, first } of found) this.#interleaver.put(kind, first!)
    this.#segmenter = this.#openSegmenter()
  }

  /** Whether the publisher's time has been set back: it tells nothing of where its media belongs. */
  #isBack({ kind, seconds }: TimedUnit): boolean {
    const reached = this.#reached.get(kind) ?? Number.NEGATIVE_INFINITY
    this.#reached.set(kind, seconds)
    return seconds < reached - longestStepBack
  }

  #beginAnew({ kind, unit }: TimedUnit): void {
    this.#segmenter?.end()
    this.#isAnew = true
    this.#interleaver = undefined
    this.#segmenter = undefined
    this.#timeline = new Timeline(timescales)
    this.#reached.clear()
    for (const track of this.#tracks) {
      track.clock = undefined
      track.first = track.kind === kind && (kind === 'audio' || unit.keyframe) ? unit : undefined
    }
  }

  #openSegmenter(): Segmenter {
    const video = this.#tracks.find(({ kind }) => kind === 'video')
    const { codec, keyframes, keyframeInterval } = video?.layer ?? {}
    this.#plan ??= planFor({
      answersKeyframeRequests: keyframes?.answers !== 'no',
      keyframeInterval: keyframeInterval === undefined ? undefined : keyframeInterval / 1000,
    })
    return new Segmenter({
      plan: this.#plan,
      hasAudio: this.#tracks.some(({ kind }) => kind === 'audio'),
      listener: this.#options.listener,
      isAnew: this.#isAnew,
      videoConfig: () => {
        if (!video || !codec || codec === 'opus' || !isFileCodec(codec)) return undefined
        return videoConfig(codec, video.reader.facts!)
      },
    })
  }

  // The largest layer is known once its packets come.
  #openTracks(): void {
    const { layers } = this.#options.publication
    for (const [kind, layer] of [
      ['video', layers.video],
      ['audio', layers.audio],
    ] as const) {
      if (!layer || this.#tracks.some((track) => track.kind === kind)) continue
      if (layer.codec === 'VP8') continue
      const reader = new TrackReader(layer)
      this.#tracks.push({ kind, layer, reader, first: undefined, clock: undefined })
    }
  }

  #tellClocks(): void {
    for (const track of this.#tracks) {
      const { clock } = track.layer
      if (clock && clock !== track.clock) this.#tellClock(track, clock)
    }
  }

  #tellClock(track: Track, clock: TrackClock): void {
    track.clock = clock
    const near = track.reader.newestTimestamp
    if (near !== undefined) this.#timeline.setClock(track.kind, clock, near)
  }

  /** Without a report: what came last was made just now. */
  #guess({ layer }: Track): TrackClock {
    return { rtpTimestamp: newestTimestamp(layer.log), wall: this.#options.wall() }
  }
}

function hasPackets(layer: UpLayer | undefined): boolean {
  return layer !== undefined && layer.log.end > layer.log.start
}

/** Of the packet that came last. */
function newestTimestamp(log: PacketLog): number {
  const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  const isThere = log.locate(log.end - 1, place)
  // Behind two bytes of flags and two of the number (RFC 3550 §5.1).
  return isThere ? place.bytes.readUInt32BE(place.offset + 4) : 0
}
