/**
 * Walks the elements of one RTP header extension block (RFC 8285 §4.2, §4.3), one-byte
 * (profile 0xBEDE) and two-byte (0x1000–0x100F) alike. Chromium mixes both in one stream.
 *
 * Made once and reused: nothing is allocated per packet. A block of another profile, or one
 * whose next element does not fit, has no further elements.
 */
export class ExtensionCursor {
  /** Id of the element last stepped to: 1–14, or 1–255 in the two-byte form. */
  id = 0
  /** Where that element's data lie in the packet's bytes; they may be empty. */
  start = 0
  end = 0

  #bytes: Buffer = Buffer.alloc(0)
  #blockStart = 0
  #blockEnd = 0
  #twoByte = false

  /** @param blockStart of the element data, behind the profile and length words */
  reset(bytes: Buffer, profile: number, blockStart: number, blockEnd: number): void {
    this.#bytes = bytes
    this.#twoByte = (profile & 0xfff0) === 0x1000
    this.#blockStart = blockStart
    this.#blockEnd = this.#twoByte || profile === 0xbede ? blockEnd : blockStart
    this.rewind()
  }

  rewind(): void {
    this.id = 0
    this.start = this.#blockStart
    this.end = this.#blockStart
  }

  /** Steps to the next element; false when there is none. */
  next(): boolean {
    let at = this.end
    while (at < this.#blockEnd && this.#bytes[at] === 0) at++
    return this.#twoByte ? this.#readTwoByte(at) : this.#readOneByte(at)
  }

  /** Steps to the first element of this id; false when the packet has none. */
  find(id: number): boolean {
    this.rewind()
    while (this.next()) if (this.id === id) return true
    return false
  }

  #readOneByte(at: number): boolean {
    if (at >= this.#blockEnd) return false
    const head = this.#bytes[at]!
    const id = head >> 4
    // Id 15 ends the block, and so does id 0 that claims data (RFC 8285 §4.2).
    if (id === 0 || id === 15) return false
    return this.#accept(id, at + 1, (head & 0x0f) + 1)
  }

  #readTwoByte(at: number): boolean {
    if (at + 2 > this.#blockEnd) return false
    return this.#accept(this.#bytes[at]!, at + 2, this.#bytes[at + 1]!)
  }

  #accept(id: number, start: number, length: number): boolean {
    if (start + length > this.#blockEnd) return false
    this.id = id
    this.start = start
    this.end = start + length
    return true
  }
}
