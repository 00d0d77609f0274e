import { opusDuration } from '#rtp/codecs/opus.ts'
import type { Depacketiser, Sample } from './depacketiser.ts'

/** A payload is a packet (RFC 7587 §4.2). */
export class OpusDepacketiser implements Depacketiser {
  #data: Buffer | undefined

  add(bytes: Buffer, start: number, end: number): boolean {
    if (this.#data || opusDuration(bytes, start, end) === undefined) return false
    this.#data = Buffer.from(bytes.subarray(start, end))
    return true
  }

  finish(): Sample | undefined {
    const data = this.#data
    this.#data = undefined
    return data && { data, keyframe: true }
  }
}
