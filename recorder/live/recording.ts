import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { StreamName } from '#core/stream-name.ts'
import { EpochReader } from '#recorder/media/epoch-reader.ts'
import type { TrackKind } from '#recorder/media/interleaver.ts'
import type { Part } from '#recorder/media/part-builder.ts'
import type { SegmentPlan } from '#recorder/media/segment-plan.ts'
import type { Gap, SegmentListener, SegmentStart } from '#recorder/media/segmenter.ts'
import type { LivePublication } from '#relay/live-publication.ts'
import type { StreamFollower } from '#relay/stream.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import type { MediaFiles } from './media-files.ts'
import { Rendition } from './rendition.ts'

export interface RecordingOptions {
  readonly name: StreamName
  /** Of this recording alone, good in a URL: no name of a file of it is ever used twice. */
  readonly id: string
  /** Of its live playlists, in seconds. */
  readonly window: number
  readonly files: MediaFiles
  readonly clock: Clock
}

/** Between two looks at the logs, in ms: a part takes half a second. */
const interval = 25
/** The same while nobody publishes: only requests that have waited too long are looked for. */
const idleInterval = 500
/** Of a recording that has more there is something else to mend first. */
const mostGaps = 1000

/**
 * What a stream shows, as HLS: one recording, however often its publisher goes and comes back. A
 * reader of the log like any viewer.
 */
export class Recording implements StreamFollower, SegmentListener, Machine {
  readonly isNode = false
  readonly name: StreamName
  readonly id: string
  readonly files: MediaFiles
  readonly #options: RecordingOptions
  readonly #renditions = new Map<TrackKind, Rendition>()
  readonly #gaps: Gap[] = []
  #reader: EpochReader | undefined
  #plan: SegmentPlan | undefined
  #sequence = -1
  /** Of the newest segment: there are some, but not for HLS. */
  #isWithoutPictures = false
  /** An epoch has begun of which there is no segment yet. */
  #isNewEpoch = false
  #nextTimeout = 0

  constructor(options: RecordingOptions) {
    this.name = options.name
    this.id = options.id
    this.files = options.files
    this.#options = options
  }

  /** Its tracks, pictures first; none before its first segment. */
  get renditions(): readonly Rendition[] {
    return (['video', 'audio'] as const).flatMap((kind) => this.#renditions.get(kind) ?? [])
  }

  /** What is missing, for people. */
  get notes(): readonly string[] {
    return this.#isWithoutPictures ? ['no video: HLS has no place for VP8'] : []
  }

  /** Whether there is something to begin with. */
  get isPlayable(): boolean {
    return this.renditions.length > 0 && this.renditions.every(({ isPlayable }) => isPlayable)
  }

  rendition(kind: string): Rendition | undefined {
    return this.#renditions.get(kind as TrackKind)
  }

  /** Newest last; of the oldest only so many are kept. */
  get gaps(): readonly Gap[] {
    return this.#gaps
  }

  wants(layer: UpLayer): boolean {
    return this.#reader?.wants(layer) ?? false
  }

  watch(publication: LivePublication): void {
    const { clock } = this.#options
    const wall = () => clock.wall()
    this.#reader = new EpochReader({ publication, plan: this.#plan, listener: this, wall })
    this.#isNewEpoch = true
  }

  unwatch(): void {
    this.#reader?.end(this.#options.clock.now())
    this.#reader = undefined
  }

  // What nodes are told; here all is found in the log.
  keyframe(): void {}
  reroute(): void {}
  abandon(): void {}

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    this.#nextTimeout = now + (this.#reader ? interval : idleInterval)
    this.#reader?.read(now)
    for (const { waiters } of this.renditions) waiters.poll(now)
  }

  /** The stream is over for good. */
  finish(): void {
    this.unwatch()
    for (const rendition of this.renditions) rendition.finish()
  }

  begin({ seconds, discontinuity, configs }: SegmentStart): void {
    const sequence = ++this.#sequence
    const wall = this.#reader!.wallAt(seconds)
    this.#plan = this.#reader!.plan
    this.#isWithoutPictures = this.#reader!.isWithoutPictures
    for (const kind of ['video', 'audio'] as const) {
      if (configs[kind]) this.#openRendition(kind, sequence)
    }
    for (const rendition of this.renditions) {
      rendition.begin({
        ...{ sequence, wall, config: configs[rendition.kind] },
        discontinuity: discontinuity || (this.#isNewEpoch && sequence > 0),
      })
    }
    this.#isNewEpoch = false
  }

  part(kind: TrackKind, part: Part): void {
    this.#renditions.get(kind)?.part(part)
  }

  end(durations: Partial<Record<TrackKind, number>>): void {
    const longest = Math.max(...Object.values(durations))
    for (const rendition of this.renditions) rendition.end(durations[rendition.kind] ?? longest)
  }

  gap(gap: Gap): void {
    this.#gaps.push(gap)
    if (this.#gaps.length > mostGaps) this.#gaps.shift()
  }

  #openRendition(kind: TrackKind, firstSequence: number): void {
    if (this.#renditions.has(kind)) return
    const { files, window } = this.#options
    const plan = this.#plan!
    this.#renditions.set(kind, new Rendition({ kind, plan, window, firstSequence, files }))
  }
}
