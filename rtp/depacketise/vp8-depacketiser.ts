import { isVp8FrameStart, isVp8Keyframe, vp8DescriptorSize } from '#rtp/codecs/vp8.ts'
import type { Depacketiser, Sample } from './depacketiser.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** Frames of VP8 (RFC 7741). */
export class Vp8Depacketiser implements Depacketiser {
  readonly #sample = new SampleBuffer()
  #keyframe = false
  #broken = false

  add(bytes: Buffer, start: number, end: number): boolean {
    const frame = start + vp8DescriptorSize(bytes, start, end)
    const isFirst = this.#sample.length === 0
    // Of further partitions only the first is the frame's start.
    if (frame >= end || (isFirst && !isVp8FrameStart(bytes, start, end))) {
      this.#broken = true
      return false
    }
    this.#keyframe ||= isFirst && isVp8Keyframe(bytes, start, end)
    this.#sample.append(bytes, frame, end)
    return true
  }

  finish(): Sample | undefined {
    const data = this.#sample.take()
    const sample = this.#broken ? undefined : data && { data, keyframe: this.#keyframe }
    this.#keyframe = false
    this.#broken = false
    return sample
  }
}
