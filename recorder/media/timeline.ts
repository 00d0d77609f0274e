import type { LogClock } from '#native/media-plane.ts'
import { timestampDistance } from '#rtp/sequence.ts'

/** A sender report of the publisher, in ticks that do not wrap. */
interface Anchor {
  readonly timestamp: number
  /** Ms since the Unix epoch. */
  readonly wall: number
}

/** What is known of a track's time: `LogClock`, or a guess by arrival while there is none. */
export type TrackClock = Pick<LogClock, 'rtpTimestamp' | 'wall'>

/**
 * What one report counts for: those of OBS are up to 20 ms off, as they take the time of sending
 * for that of the picture (measured on the recordings of `INTEROP.md`).
 */
const weight = 0.1
/** How quickly a difference is made up for, in ms each second: ten times what clocks drift. */
const slew = 1
/** A larger one, in ms, is none that clocks grow into: the publisher has set its clock. */
const jump = 500

/**
 * One time for sound and picture, in seconds since the recording began. It is that of the sound's
 * samples, so that sound is never stretched; pictures are put where the publisher's sender reports
 * say that they belong, however far the clocks of both have drifted (RFC 3550 §6.4.1). Without
 * sound it is that of the pictures.
 */
export class Timeline {
  readonly #rates: { readonly audio: number; readonly video: number }
  readonly #anchors: { audio?: Anchor; video?: Anchor } = {}
  /** Recording time less RTP time of the video, in seconds. */
  #videoOffset: number | undefined
  /** Where reports put it, on average. */
  #videoTarget: number | undefined
  #videoOffsetAt: number | undefined
  /** RTP time of the sound at second 0. */
  #audioOrigin: number | undefined

  /** @param rates ticks per second of each track */
  constructor(rates: { readonly audio: number; readonly video: number }) {
    this.#rates = rates
  }

  /**
   * What a sender report says, or said.
   *
   * @param near an RTP time of the track not far from it, unwrapped
   */
  setClock(kind: 'audio' | 'video', clock: TrackClock, near: number): void {
    const wrapped = ((near % 2 ** 32) + 2 ** 32) % 2 ** 32
    const timestamp = near + timestampDistance(wrapped, clock.rtpTimestamp)
    this.#anchors[kind] = { timestamp, wall: clock.wall }
    this.#aim()
  }

  /** Second 0 is that of this picture, or of this sound where there is no picture. */
  begin(kind: 'audio' | 'video', timestamp: number): void {
    if (kind === 'audio') this.#audioOrigin = timestamp
    else this.#beginAtPicture(timestamp)
  }

  /** @returns seconds; undefined before `begin` and while nothing relates it to the picture */
  audio(timestamp: number): number | undefined {
    if (this.#audioOrigin === undefined) return undefined
    return (timestamp - this.#audioOrigin) / this.#rates.audio
  }

  /** @returns seconds; undefined before `begin` */
  video(timestamp: number): number | undefined {
    const rtp = timestamp / this.#rates.video
    if (this.#videoOffset === undefined) return undefined
    this.#approach(rtp)
    return rtp + this.#videoOffset
  }

  /** @returns ms since the Unix epoch on this node's clock; undefined while no report has come */
  wallAt(seconds: number): number | undefined {
    const { audio, video } = this.#anchors
    if (audio && this.#audioOrigin !== undefined) {
      return audio.wall + 1000 * (seconds - this.audio(audio.timestamp)!)
    }
    if (!video || this.#videoOffset === undefined) return undefined
    return video.wall + 1000 * (seconds - video.timestamp / this.#rates.video - this.#videoOffset)
  }

  #beginAtPicture(timestamp: number): void {
    this.#videoOffset = -timestamp / this.#rates.video
    const { audio, video } = this.#anchors
    if (!audio || !video) return
    const wall = video.wall + (1000 * (timestamp - video.timestamp)) / this.#rates.video
    this.#audioOrigin = Math.round(
      audio.timestamp + ((wall - audio.wall) * this.#rates.audio) / 1000,
    )
  }

  #aim(): void {
    const { audio, video } = this.#anchors
    if (!audio || !video || this.#audioOrigin === undefined) return
    const sound = this.audio(audio.timestamp)! + (video.wall - audio.wall) / 1000
    const told = sound - video.timestamp / this.#rates.video
    const last = this.#videoTarget
    const isFar = last === undefined || Math.abs(told - last) * 1000 > jump
    this.#videoTarget = isFar ? told : last + weight * (told - last)
  }

  /** @param at RTP time in seconds */
  #approach(at: number): void {
    const since = at - (this.#videoOffsetAt ?? at)
    this.#videoOffsetAt = at
    const difference = (this.#videoTarget ?? this.#videoOffset!) - this.#videoOffset!
    const most = (slew / 1000) * Math.max(since, 0)
    if (Math.abs(difference) * 1000 > jump) this.#videoOffset! += difference
    else this.#videoOffset! += Math.min(Math.max(difference, -most), most)
  }
}
