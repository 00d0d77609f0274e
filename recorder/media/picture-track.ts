import { timescales } from '#recorder/cmaf/init-segment.ts'
import type { Sample } from '#rtp/depacketise/depacketiser.ts'
import { type Part, PartBuilder } from './part-builder.ts'

/** For a last picture behind which none came: ticks of a thirtieth of a second. */
const usualDuration = timescales.video / 30

/**
 * The video of a recording. How long a picture lasts is known when the next one comes, so one is
 * always held back. Times in ticks of 90 kHz since the recording began.
 */
export class PictureTrack {
  readonly #parts: PartBuilder
  #held: { readonly sample: Sample; readonly time: number } | undefined
  #lastDuration = usualDuration

  constructor(partTarget: number, part: (part: Part) => void) {
    this.#parts = new PartBuilder({ timescale: timescales.video, partTarget, part })
  }

  /** Seconds of the segment so far. */
  get segmentDuration(): number {
    return this.#parts.segmentDuration
  }

  /** When the last picture is over, as far as is known. */
  get end(): number {
    return this.#held ? this.#held.time + this.#lastDuration : this.#parts.end
  }

  /** A segment begins with the next picture, which is at that time. */
  begin(time: number): void {
    this.#parts.begin(time)
  }

  /** The held picture lasts until then; without a time, as long as the one before it. */
  release(until?: number): void {
    if (!this.#held) return
    const { sample, time } = this.#held
    // Reports may put a picture a tick before the last one.
    const duration = Math.max(until === undefined ? this.#lastDuration : until - time, 1)
    this.#parts.add({ data: sample.data, keyframe: sample.keyframe, duration })
    this.#lastDuration = Math.min(duration, timescales.video)
    this.#held = undefined
  }

  /** To be called when the last one is released. */
  hold(sample: Sample, time: number): void {
    this.#held = { sample, time: Math.max(time, this.#parts.end) }
  }

  flush(): void {
    this.#parts.flush()
  }
}
