import { timescales } from '#recorder/cmaf/init-segment.ts'
import { opusDuration } from '#rtp/codecs/opus.ts'
import { opusSilence, shortestSilence } from './opus-silence.ts'
import { type Part, PartBuilder } from './part-builder.ts'

/** A packet that is off by less follows the one before it, in ticks of 48 kHz: 10 ms. */
const tolerance = 480
const ticksPerMs = timescales.audio / 1000

/**
 * The sound of a recording: packets of Opus without a hole between them, silence where none came.
 * Times in ticks of 48 kHz since the recording began.
 */
export class SoundTrack {
  readonly #parts: PartBuilder
  #isFirst = true

  constructor(partTarget: number, part: (part: Part) => void) {
    this.#parts = new PartBuilder({ timescale: timescales.audio, partTarget, part })
  }

  get segmentDuration(): number {
    return this.#parts.segmentDuration
  }

  /** Behind the last packet. */
  get end(): number {
    return this.#parts.end
  }

  /** Sound begins there, not where the last packet ended. */
  begin(time: number): void {
    this.#parts.begin(time)
    this.#isFirst = true
  }

  /** A segment begins where the last one ended. */
  next(): void {
    this.#parts.begin(this.#parts.end)
  }

  /** @returns ticks of silence put before it; undefined for a packet that is left out: it is late */
  add(data: Buffer, time: number): number | undefined {
    const duration = Math.round(opusDuration(data, 0, data.length)! * ticksPerMs)
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (isFirst && time >= this.end) {
      // Exactly where it belongs; what is before it is no gap.
      this.#parts.begin(this.end + ((time - this.end) % shortestSilence))
      this.fillTo(time)
    }
    if (time < this.end - tolerance) return undefined
    const silence = time > this.end + tolerance ? this.fillTo(time) : 0
    this.#parts.add({ data, duration, keyframe: true })
    return silence
  }

  /** Puts silence until then. @returns ticks of it */
  fillTo(time: number): number {
    const from = this.end
    for (const { data, ticks } of opusSilence(time - from)) {
      this.#parts.add({ data, duration: ticks, keyframe: true })
    }
    return this.end - from
  }

  flush(): void {
    this.#parts.flush()
  }
}
