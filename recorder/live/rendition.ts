import { isSameConfig, type TrackConfig } from '#recorder/cmaf/track-config.ts'
import { ReloadWaiters } from '#recorder/hls/reload-waiters.ts'
import { type ListedSegment, SegmentList } from '#recorder/hls/segment-list.ts'
import type { TrackKind } from '#recorder/media/interleaver.ts'
import type { Part } from '#recorder/media/part-builder.ts'
import type { SegmentPlan } from '#recorder/media/segment-plan.ts'
import type { MediaFiles } from './media-files.ts'

/** A segment begins in this rendition. */
export interface RenditionSegment {
  readonly sequence: number
  /** Undefined where the track is missing. */
  readonly config: TrackConfig | undefined
  /** Ms since the Unix epoch. */
  readonly wall: number
  readonly discontinuity: boolean
}

export interface RenditionOptions {
  readonly kind: TrackKind
  readonly plan: SegmentPlan
  /** Of the live playlist, in seconds. */
  readonly window: number
  readonly firstSequence: number
  readonly files: MediaFiles
}

/** One track of a recording: its playlist, and the files that this names. */
export class Rendition {
  readonly kind: TrackKind
  readonly list: SegmentList
  readonly waiters: ReloadWaiters
  readonly #files: MediaFiles
  /** Of all segments that have ended. */
  readonly #total = { bytes: 0, seconds: 0, peak: 0 }
  #config: TrackConfig | undefined
  #map: string | undefined
  #maps = 0
  #sequence = 0
  /** Of the segment that is being made. */
  #bytes = 0
  #seconds = 0

  constructor({ kind, plan, window, firstSequence, files }: RenditionOptions) {
    const { targetDuration, partTarget } = plan
    this.kind = kind
    this.list = new SegmentList({ targetDuration, partTarget, window, firstSequence })
    this.waiters = new ReloadWaiters(this.list)
    this.#files = files
  }

  /** What its newest segment is made with. */
  get config(): TrackConfig | undefined {
    return this.#config
  }

  /** Bits per second of the fullest segment, and of all. */
  get bandwidth(): { readonly peak: number; readonly average: number } {
    const { peak, bytes, seconds } = this.#total
    if (seconds > 0) return { peak, average: (8 * bytes) / seconds }
    const first = this.#seconds > 0 ? (8 * this.#bytes) / this.#seconds : 0
    return { peak: first, average: first }
  }

  /** Whether there is a whole segment: players give up a playlist of parts alone. */
  get isPlayable(): boolean {
    return this.list.segments[0]?.duration !== undefined
  }

  /** Name of the part that comes next. */
  get hint(): string {
    const { list } = this
    return this.#partName(list.nextSequence, list.open?.parts.length ?? 0)
  }

  begin({ sequence, config, wall, discontinuity }: RenditionSegment): void {
    this.#sequence = sequence
    this.#bytes = 0
    this.#seconds = 0
    if (config && !isSameConfig(this.#config, config)) this.#useMap(config)
    const map = config && this.#map
    this.list.begin({ uri: this.#segmentName(sequence), map, wall, discontinuity })
  }

  part({ bytes, duration, independent }: Part): void {
    const uri = this.hint
    this.#bytes += bytes.length
    this.#seconds += duration
    this.#files.putPart(uri, this.#segmentName(this.#sequence), bytes)
    this.list.addPart({ uri, duration, independent })
    this.waiters.update()
  }

  /** @param duration seconds */
  end(duration: number): void {
    const name = this.#segmentName(this.#sequence)
    if (this.#bytes > 0) {
      this.#files.seal(name)
      this.#total.bytes += this.#bytes
      this.#total.seconds += duration
      this.#total.peak = Math.max(this.#total.peak, (8 * this.#bytes) / duration)
    }
    this.#forget(this.list.end(duration))
    this.waiters.update()
  }

  finish(): void {
    this.list.finish()
    this.waiters.update()
  }

  #useMap(config: TrackConfig): void {
    this.#config = config
    this.#map = `${this.kind}/init-${this.#maps++}.mp4`
    this.#files.putInit(this.#map, config)
  }

  #forget(segments: readonly ListedSegment[]): void {
    for (const { uri, map } of segments) if (map !== undefined) this.#files.forget(uri)
  }

  #segmentName(sequence: number): string {
    return `${this.kind}/${sequence}.m4s`
  }

  #partName(sequence: number, part: number): string {
    return `${this.kind}/${sequence}.${part}.m4s`
  }
}
