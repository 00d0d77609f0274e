import { isVp9Keyframe, vp9Descriptor } from '#rtp/codecs/vp9.ts'
import type { Depacketiser, Sample } from './depacketiser.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** A superframe holds so many frames (VP9 bitstream §B). */
const mostLayers = 8

/** Pictures of VP9 (RFC 9628): of several spatial layers, all of them make one superframe. */
export class Vp9Depacketiser implements Depacketiser {
  readonly #sample = new SampleBuffer()
  /** Where each layer's frame ends. */
  readonly #ends: number[] = []
  #inFrame = false
  #keyframe = false
  #broken = false

  add(bytes: Buffer, start: number, end: number): boolean {
    const descriptor = vp9Descriptor(bytes, start, end)
    if (!descriptor || descriptor.begins === this.#inFrame || this.#ends.length === mostLayers) {
      this.#broken = true
      return false
    }
    if (this.#sample.length === 0) this.#keyframe = isVp9Keyframe(bytes, start, end)
    this.#sample.append(bytes, descriptor.end, end)
    this.#inFrame = !descriptor.ends
    if (descriptor.ends) this.#ends.push(this.#sample.length)
    return true
  }

  finish(): Sample | undefined {
    const isWhole = !this.#broken && !this.#inFrame
    if (isWhole && this.#ends.length > 1) this.#writeIndex()
    const data = this.#sample.take()
    const keyframe = this.#keyframe
    this.#ends.length = 0
    this.#inFrame = false
    this.#broken = false
    return isWhole && data ? { data, keyframe } : undefined
  }

  /** |110| bytes per size - 1 | frames - 1|, sizes from the low byte on, the same again (§B.2). */
  #writeIndex(): void {
    const marker = 0xc0 | (3 << 3) | (this.#ends.length - 1)
    this.#sample.appendByte(marker)
    let from = 0
    for (const end of this.#ends) {
      const size = end - from
      for (let shift = 0; shift < 32; shift += 8) this.#sample.appendByte((size >>> shift) & 0xff)
      from = end
    }
    this.#sample.appendByte(marker)
  }
}
