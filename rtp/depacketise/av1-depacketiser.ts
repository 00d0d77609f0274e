import { isAv1Keyframe, leb128, leb128Size } from '#rtp/codecs/av1.ts'
import type { Depacketiser, Sample } from './depacketiser.ts'
import { SampleBuffer } from './sample-buffer.ts'

/** OBU types that a sample does not have: delimiter, tile list, padding (AV1-ISOBMFF §2.4). */
const omitted = new Set([2, 8, 15])
const hasExtension = 0x04
const hasSize = 0x02

/** Temporal units of AV1 (AOMedia RTP payload format 1.0). */
export class Av1Depacketiser implements Depacketiser {
  readonly #sample = new SampleBuffer()
  /** Where the OBU begins whose rest is in the next payload. */
  #open: number | undefined
  #keyframe = false
  #broken = false

  add(bytes: Buffer, start: number, end: number): boolean {
    if (this.#take(bytes, start, end)) return true
    this.#broken = true
    return false
  }

  finish(): Sample | undefined {
    const isWhole = !this.#broken && this.#open === undefined
    const keyframe = this.#keyframe
    const data = this.#sample.take()
    this.#open = undefined
    this.#keyframe = false
    this.#broken = false
    return isWhole && data ? { data, keyframe } : undefined
  }

  /** The aggregation header (§4.4) is |Z|Y| W |N|-|-|-|. */
  #take(bytes: Buffer, start: number, end: number): boolean {
    if (start + 1 >= end) return false
    const header = bytes[start]!
    const continues = (header & 0x80) !== 0
    const goesOn = (header & 0x40) !== 0
    const count = (header >> 4) & 3
    if (continues !== (this.#open !== undefined)) return false
    this.#keyframe ||= isAv1Keyframe(bytes, start, end)
    let at = start + 1
    for (let index = 1; at < end; index++) {
      let length = end - at
      if (index !== count) {
        const coded = leb128(bytes, at, end)
        at += leb128Size(bytes, at, end)
        if (coded === undefined || at + coded > end) return false
        length = coded
      }
      if (!this.#takeElement(bytes, at, at + length)) return false
      at += length
      if (at < end || !goesOn) this.#endObu()
    }
    return true
  }

  #takeElement(bytes: Buffer, start: number, end: number): boolean {
    if (this.#open === undefined) {
      if (start >= end) return false
      this.#open = this.#sample.length
    }
    this.#sample.append(bytes, start, end)
    return true
  }

  /** The OBU is whole: it gets its size, if it is one that a sample has. */
  #endObu(): void {
    const at = this.#open!
    this.#open = undefined
    if (this.#sample.overflown) return
    const header = this.#sample.byteAt(at)
    if (omitted.has((header >> 3) & 0x0f)) {
      this.#sample.cutTo(at)
      return
    }
    if (header & hasSize) return
    this.#sample.writeByte(header | hasSize, at)
    const payload = at + (header & hasExtension ? 2 : 1)
    const size = Math.max(this.#sample.length - payload, 0)
    const coded = sizeField(size)
    this.#sample.makeGap(payload, coded.length)
    for (const [index, byte] of coded.entries()) this.#sample.writeByte(byte, payload + index)
  }
}

/** As leb128 (AV1 §4.10.5). */
function sizeField(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest]
    bytes.push((rest & 0x7f) | 0x80)
  }
}
