import { timescales } from '#recorder/cmaf/init-segment.ts'
import {
  isSameConfig,
  opusConfig,
  type TrackConfig,
  type VideoConfig,
} from '#recorder/cmaf/track-config.ts'
import type { TimedUnit, TrackKind } from './interleaver.ts'
import type { Part } from './part-builder.ts'
import { PictureTrack } from './picture-track.ts'
import { longestSegment, type SegmentPlan } from './segment-plan.ts'
import { SoundTrack } from './sound-track.ts'

/** A segment of all tracks begins. */
export interface SegmentStart {
  /** Since the recording began. */
  readonly seconds: number
  /** What came before does not go on: another codec or size, or a time in which nothing came. */
  readonly discontinuity: boolean
  /** Of the tracks that it has; the others are a gap. */
  readonly configs: Partial<Record<TrackKind, TrackConfig>>
}

/** What is not in the recording as the publisher sent it. Times in seconds since it began. */
export interface Gap {
  readonly kind: TrackKind
  readonly from: number
  readonly to: number
  /** Packets that never came. */
  readonly lost: number
}

export interface SegmentListener {
  begin(start: SegmentStart): void
  part(kind: TrackKind, part: Part): void
  /** @param durations seconds of each track that the segment has */
  end(durations: Partial<Record<TrackKind, number>>): void
  gap(gap: Gap): void
}

export interface SegmenterOptions {
  readonly plan: SegmentPlan
  readonly hasAudio: boolean
  /** Its first segment does not go on where another one has ended. */
  readonly isAnew: boolean
  /** What the newest keyframe is made with; undefined where it does not say. */
  videoConfig(): VideoConfig | undefined
  readonly listener: SegmentListener
}

/** A picture of another size or codec begins a segment, but none that is shorter than that, in seconds. */
const shortestSegment = 1
/** After so many seconds of nothing at all there is no going on where the last packet was. */
const longestSilence = 2

/**
 * Cuts access units into segments at keyframes, and segments into parts, with the same bounds for
 * sound and picture (RFC 8216bis §4.3, CMAF §7.3.2). Sans-IO.
 */
export class Segmenter {
  readonly #options: SegmenterOptions
  readonly #picture: PictureTrack
  readonly #sound: SoundTrack
  #segment: SegmentStart | undefined
  #config: VideoConfig | undefined
  /** Since when nothing has come, and of what. */
  #silence: { readonly from: number; readonly configs: SegmentStart['configs'] } | undefined
  /** Pictures have stayed away: the last one is over, and the next has to be a keyframe. */
  #isPictureAway = false
  /** There was a keyframe that could not begin a segment: what refers to it is left out as well. */
  #isSkipping = false
  #keyframeAt = 0
  #hasBegun = false

  constructor(options: SegmenterOptions) {
    const { plan, listener } = options
    this.#options = options
    this.#picture = new PictureTrack(plan.partTarget, (part) => listener.part('video', part))
    this.#sound = new SoundTrack(plan.partTarget, (part) => listener.part('audio', part))
  }

  /** Takes the next access unit, in the order of times. */
  add(timed: TimedUnit): void {
    if (this.#segment && timed.seconds - this.#heardUntil > longestSilence) {
      const { configs } = this.#segment
      this.#silence = { from: this.#heardUntil, configs }
      this.end()
    }
    if (timed.kind === 'video') this.#addPicture(timed)
    else this.#addSound(timed)
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.#segment) return
    const pictureEnd = this.#picture.end
    this.#picture.release()
    if (this.#options.hasAudio && this.#hasPicture) this.#fillSound(pictureEnd / timescales.video)
    this.#endSegment()
  }

  get #hasPicture(): boolean {
    return this.#segment?.configs.video !== undefined
  }

  /** Seconds up to which there is anything. */
  get #heardUntil(): number {
    const picture = this.#hasPicture ? this.#picture.end / timescales.video : 0
    return Math.max(picture, this.#soundEnd)
  }

  get #soundEnd(): number {
    return this.#sound.end / timescales.audio
  }

  #addPicture({ unit, seconds }: TimedUnit): void {
    const time = Math.round(seconds * timescales.video)
    const config = unit.keyframe ? this.#options.videoConfig() : undefined
    // Without a keyframe that says what it is there is nothing to begin with.
    if (!this.#hasPicture && !config) return
    if (config) this.#isSkipping = this.#isNewTooSoon(config, seconds)
    if (this.#isSkipping) return
    if (unit.lost > 0 && this.#hasPicture) this.#tellGap('video', seconds, unit.lost)
    if (this.#hasPicture) this.#picture.release(time)
    if (config) this.#keyframe(config, seconds)
    else if (seconds - this.#segment!.seconds >= longestSegment(this.#options.plan)) {
      this.#cut(seconds, false)
    }
    this.#picture.hold(unit, time)
  }

  #keyframe(config: VideoConfig, seconds: number): void {
    const isNew = this.#config !== undefined && !isSameConfig(this.#config, config)
    const isDue = this.#segment && this.#isDue(seconds)
    this.#keyframeAt = seconds
    this.#config = config
    this.#isPictureAway = false
    if (!this.#segment) this.#begin(seconds, this.#hasBegun || this.#options.isAnew)
    else if (isNew || isDue || !this.#hasPicture) this.#cut(seconds, isNew)
  }

  /** Else a publisher who changes with each picture would make a file of each. */
  #isNewTooSoon(config: VideoConfig, seconds: number): boolean {
    if (!this.#config || !this.#segment || isSameConfig(this.#config, config)) return false
    return this.#hasPicture && seconds - this.#segment.seconds < shortestSegment
  }

  /** Whether a segment is to begin with this keyframe: maybe the next one would come too late. */
  #isDue(seconds: number): boolean {
    const { plan } = this.#options
    const elapsed = seconds - this.#segment!.seconds
    const interval = seconds - this.#keyframeAt
    return elapsed >= plan.leastDuration || elapsed + interval > longestSegment(plan)
  }

  #addSound({ unit, seconds }: TimedUnit): void {
    const { plan } = this.#options
    if (!this.#segment) {
      // Before the first picture there is nothing to hear it with.
      if (this.#config || seconds < 0) return
      this.#begin(seconds, this.#hasBegun || this.#options.isAnew)
    }
    const longest = this.#hasPicture ? longestSegment(plan) : plan.leastDuration
    if (seconds - this.#segment!.seconds >= longest) {
      this.#isPictureAway = true
      this.#cut(seconds, false)
    }
    const silence = this.#sound.add(unit.data, Math.round(seconds * timescales.audio))
    if (silence) {
      const from = seconds - silence / timescales.audio
      this.#options.listener.gap({ kind: 'audio', from, to: seconds, lost: unit.lost })
    }
  }

  #tellGap(kind: 'video', to: number, lost: number): void {
    this.#options.listener.gap({ kind, from: this.#picture.end / timescales.video, to, lost })
  }

  #tellSilence(to: number): void {
    const { from, configs = {} } = this.#silence ?? {}
    this.#silence = undefined
    if (from === undefined) return
    for (const kind of ['video', 'audio'] as const) {
      if (configs[kind]) this.#options.listener.gap({ kind, from, to, lost: 0 })
    }
  }

  #cut(seconds: number, discontinuity: boolean): void {
    this.#picture.release(Math.round(seconds * timescales.video))
    if (this.#options.hasAudio) this.#fillSound(seconds)
    this.#endSegment()
    this.#begin(seconds, discontinuity)
  }

  /** Where sound has stayed away, silence up to a packet before that time. */
  #fillSound(seconds: number): void {
    const time = Math.round(seconds * timescales.audio)
    const from = this.#sound.end
    if (time - from < timescales.audio / 10) return
    const silence = this.#sound.fillTo(time)
    const to = (from + silence) / timescales.audio
    this.#options.listener.gap({ kind: 'audio', from: from / timescales.audio, to, lost: 0 })
  }

  #endSegment(): void {
    this.#picture.flush()
    this.#sound.flush()
    this.#options.listener.end({
      ...(this.#hasPicture && { video: this.#picture.segmentDuration }),
      ...(this.#options.hasAudio && { audio: this.#sound.segmentDuration }),
    })
    this.#segment = undefined
  }

  #begin(seconds: number, discontinuity: boolean): void {
    const { hasAudio, listener } = this.#options
    this.#tellSilence(seconds)
    const soundIsThere = this.#hasBegun && seconds - this.#soundEnd < longestSilence
    this.#hasBegun = true
    this.#picture.begin(Math.round(seconds * timescales.video))
    if (soundIsThere) this.#sound.next()
    else this.#sound.begin(Math.round(seconds * timescales.audio))
    const configs = {
      ...(this.#config && !this.#isPictureAway && { video: this.#config }),
      ...(hasAudio && { audio: opusConfig }),
    }
    this.#segment = { seconds, discontinuity, configs }
    listener.begin(this.#segment)
  }
}
