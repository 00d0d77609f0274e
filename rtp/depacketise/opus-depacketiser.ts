import { opusDuration } from '#rtp/codecs/opus.ts'
import type { Depacketiser, Sample } from './depacketiser.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** A payload is a packet (RFC 7587 §4.2). */
export class OpusDepacketiser implements Depacketiser {
  readonly #sample = new SampleBuffer()

  add(bytes: Buffer, start: number, end: number): boolean {
    if (this.#sample.length > 0 || opusDuration(bytes, start, end) === undefined) return false
    this.#sample.append(bytes, start, end)
    return true
  }

  finish(): Sample | undefined {
    const data = this.#sample.take()
    return data && { data, keyframe: true }
  }
}
