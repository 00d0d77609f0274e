/** Larger than this, in bytes, no access unit is put together: nobody sends such frames live. */
const longestSample = 16 * 1024 * 1024

/** Bytes of the access unit that is being put together; grows to the largest one and is reused. */
export class SampleBuffer {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024)
  #length = 0
  #overflown = false

  get length(): number {
    return this.#length
  }

  /** Something did not fit: the access unit is lost. */
  get overflown(): boolean {
    return this.#overflown
  }

  append(from: Buffer, start: number, end: number): void {
    if (!this.#makeRoom(end - start)) return
    from.copy(this.#bytes, this.#length, start, end)
    this.#length += end - start
  }

  appendByte(byte: number): void {
    if (!this.#makeRoom(1)) return
    this.#bytes[this.#length++] = byte
  }

  /** Leaves room for a number that is known later. @returns where */
  reserve(bytes: number): number {
    const at = this.#length
    if (this.#makeRoom(bytes)) this.#length += bytes
    return at
  }

  /** @param at from `reserve` */
  writeUInt32(value: number, at: number): void {
    if (!this.#overflown) this.#bytes.writeUInt32BE(value, at)
  }

  /** Moves what lies behind `at` up by so many bytes. */
  makeGap(at: number, bytes: number): void {
    if (!this.#makeRoom(bytes)) return
    this.#bytes.copyWithin(at + bytes, at, this.#length)
    this.#length += bytes
  }

  writeByte(byte: number, at: number): void {
    if (!this.#overflown) this.#bytes[at] = byte
  }

  byteAt(at: number): number {
    return this.#bytes[at]!
  }

  /** Forgets what lies behind `length`. */
  cutTo(length: number): void {
    this.#length = length
  }

  /** A copy, unless something is missing; begins the next one. */
  take(): Buffer | undefined {
    const taken =
      this.#overflown || this.#length === 0
        ? undefined
        : Buffer.from(this.#bytes.subarray(0, this.#length))
    this.clear()
    return taken
  }

  clear(): void {
    this.#length = 0
    this.#overflown = false
  }

  #makeRoom(bytes: number): boolean {
    const needed = this.#length + bytes
    if (needed > longestSample) this.#overflown = true
    if (this.#overflown) return false
    if (needed <= this.#bytes.length) return true
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, needed))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
    return true
  }
}
