import type { Depacketiser, Sample } from './depacketiser.ts'
import type { NalPayloads } from './nal-payloads.ts'
import { SampleBuffer } from './sample-buffer.ts'

const lengthSize = 4

/** Access units of H.264 and H.265. */
export class NalDepacketiser implements Depacketiser {
  readonly #payloads: NalPayloads
  readonly #sample = new SampleBuffer()
  /** Where the length of the NAL unit lies whose fragments are coming. */
  #fragmented: number | undefined
  /** The fragmented NAL unit is none that a sample has. */
  #skipping = false
  #hasPicture = false
  #keyframe = false
  #broken = false

  constructor(payloads: NalPayloads) {
    this.#payloads = payloads
  }

  add(bytes: Buffer, start: number, end: number): boolean {
    if (this.#take(bytes, start, end)) return true
    this.#broken = true
    return false
  }

  finish(): Sample | undefined {
    const isWhole = !this.#broken && this.#hasPicture && this.#fragmented === undefined
    const keyframe = this.#keyframe
    const data = this.#sample.take()
    this.#fragmented = undefined
    this.#skipping = false
    this.#hasPicture = false
    this.#keyframe = false
    this.#broken = false
    return isWhole && data ? { data, keyframe } : undefined
  }

  #take(bytes: Buffer, start: number, end: number): boolean {
    const { headerSize, aggregation, fragment, firstReserved, typeOf } = this.#payloads
    if (start + headerSize > end) return false
    const type = typeOf(bytes[start]!)
    if (type === fragment) return this.#takeFragment(bytes, start, end)
    // The last fragment has not come.
    if (this.#fragmented !== undefined) return false
    if (type === aggregation) return this.#takeAggregation(bytes, start + headerSize, end)
    if (type >= firstReserved) return false
    this.#takeWhole(bytes, start, end)
    return true
  }

  #takeAggregation(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    while (at < end) {
      if (at + 2 > end) return false
      const nal = at + 2
      const next = nal + bytes.readUInt16BE(at)
      if (next > end || next < nal + this.#payloads.headerSize) return false
      this.#takeWhole(bytes, nal, next)
      at = next
    }
    return true
  }

  #takeWhole(bytes: Buffer, start: number, end: number): void {
    if (!this.#begin(this.#payloads.typeOf(bytes[start]!))) return
    this.#sample.writeUInt32(end - start, this.#sample.reserve(lengthSize))
    this.#sample.append(bytes, start, end)
  }

  // The payload's own header, then |S|E| type |.
  #takeFragment(bytes: Buffer, start: number, end: number): boolean {
    const { headerSize, fragmentType, firstByteOf } = this.#payloads
    const body = start + headerSize + 1
    if (body >= end) return false
    const header = bytes[body - 1]!
    const isFirst = (header & 0x80) !== 0
    const isLast = (header & 0x40) !== 0
    if (isFirst === (this.#fragmented !== undefined) || (isFirst && isLast)) return false
    if (isFirst) {
      this.#skipping = !this.#begin(fragmentType(header))
      this.#fragmented = this.#sample.reserve(lengthSize)
      this.#sample.appendByte(firstByteOf(bytes[start]!, header))
      if (headerSize === 2) this.#sample.appendByte(bytes[start + 1]!)
    }
    this.#sample.append(bytes, body, end)
    if (isLast) this.#endFragment(this.#fragmented!)
    return true
  }

  #endFragment(at: number): void {
    if (this.#skipping) this.#sample.cutTo(at)
    else this.#sample.writeUInt32(this.#sample.length - at - lengthSize, at)
    this.#fragmented = undefined
  }

  /** @returns whether a sample has NAL units of that type */
  #begin(type: number): boolean {
    const use = this.#payloads.useOf(type)
    this.#hasPicture ||= use === 'picture' || use === 'keyframe'
    this.#keyframe ||= use === 'keyframe'
    return use !== 'omitted'
  }
}
