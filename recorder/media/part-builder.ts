import { type FragmentSample, writeFragment } from '#recorder/cmaf/fragment.ts'

/** A piece of a segment that players can have before it is whole (RFC 8216bis §3.1: partial segment). */
export interface Part {
  /** `moof` and `mdat`. */
  readonly bytes: Buffer
  /** Seconds. */
  readonly duration: number
  /** Begins with a keyframe. */
  readonly independent: boolean
}

export interface PartBuilderOptions {
  /** Ticks per second. */
  readonly timescale: number
  /** No part is longer, in seconds, unless one sample alone is. */
  readonly partTarget: number
  part(part: Part): void
}

/** Makes the parts of one track. Times in ticks of its timescale. */
export class PartBuilder {
  readonly #options: PartBuilderOptions
  readonly #mostTicks: number
  #samples: FragmentSample[] = []
  #decodeTime = 0
  /** Of the samples that wait. */
  #ticks = 0
  #sequence = 0
  /** Of all parts since `begin`. */
  #segmentTicks = 0

  constructor(options: PartBuilderOptions) {
    this.#options = options
    this.#mostTicks = Math.round(options.partTarget * options.timescale)
  }

  /** Behind the last sample. */
  get end(): number {
    return this.#decodeTime + this.#ticks
  }

  /** Seconds of the segment so far. */
  get segmentDuration(): number {
    return (this.#segmentTicks + this.#ticks) / this.#options.timescale
  }

  /** A segment begins; its first sample is at that time. */
  begin(decodeTime: number): void {
    this.#decodeTime = decodeTime
    this.#segmentTicks = 0
  }

  add(sample: FragmentSample): void {
    if (this.#ticks + sample.duration > this.#mostTicks) this.flush()
    this.#samples.push(sample)
    this.#ticks += sample.duration
    // Another like it would not fit: nobody has to wait for it to find out.
    if (this.#ticks + sample.duration > this.#mostTicks) this.flush()
  }

  /** Makes a part of what there is. */
  flush(): void {
    const [first] = this.#samples
    if (!first) return
    const fragment = {
      sequence: ++this.#sequence,
      decodeTime: this.#decodeTime,
      samples: this.#samples,
    }
    const part = {
      bytes: writeFragment(fragment),
      duration: this.#ticks / this.#options.timescale,
      independent: first.keyframe,
    }
    this.#decodeTime += this.#ticks
    this.#segmentTicks += this.#ticks
    this.#samples = []
    this.#ticks = 0
    this.#options.part(part)
  }
}
