/** Larger than this, in bytes, no access unit is put together: nobody sends such frames live. */
const longestSample = 16 * 1024 * 1024
/**
 * Memory is taken in pieces of so many bytes, for some seconds of samples each: one buffer for each
 * sample costs the collector more than all the rest of their making.
 */
const pieceSize = 512 * 1024

/** Bytes of the access unit that is being put together, behind those that were. */
export class SampleBuffer {
  #piece = Buffer.alloc(0)
  /** Where the access unit begins in the piece. */
  #start = 0
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
    from.copy(this.#piece, this.#start + this.#length, start, end)
    this.#length += end - start
  }

  appendByte(byte: number): void {
    if (!this.#makeRoom(1)) return
    this.#piece[this.#start + this.#length++] = byte
  }

  /** Leaves room for a number that is known later. @returns where */
  reserve(bytes: number): number {
    const at = this.#length
    if (this.#makeRoom(bytes)) this.#length += bytes
    return at
  }

  /** @param at from `reserve` */
  writeUInt32(value: number, at: number): void {
    if (!this.#overflown) this.#piece.writeUInt32BE(value, this.#start + at)
  }

  /** Moves what lies behind `at` up by so many bytes. */
  makeGap(at: number, bytes: number): void {
    if (!this.#makeRoom(bytes)) return
    const from = this.#start + at
    this.#piece.copyWithin(from + bytes, from, this.#start + this.#length)
    this.#length += bytes
  }

  writeByte(byte: number, at: number): void {
    if (!this.#overflown) this.#piece[this.#start + at] = byte
  }

  byteAt(at: number): number {
    return this.#piece[this.#start + at]!
  }

  /** Forgets what lies behind `length`. */
  cutTo(length: number): void {
    this.#length = length
  }

  /** Begins the next one. @returns the bytes of this one, for good; undefined if some are missing */
  take(): Buffer | undefined {
    const [start, end] = [this.#start, this.#start + this.#length]
    const isWhole = !this.#overflown && end > start
    if (isWhole) this.#start = end
    this.#length = 0
    this.#overflown = false
    return isWhole ? this.#piece.subarray(start, end) : undefined
  }

  #makeRoom(bytes: number): boolean {
    const needed = this.#length + bytes
    if (needed > longestSample) this.#overflown = true
    if (this.#overflown) return false
    if (this.#start + needed <= this.#piece.length) return true
    const piece = Buffer.allocUnsafeSlow(Math.max(pieceSize, 2 * needed))
    this.#piece.copy(piece, 0, this.#start, this.#start + this.#length)
    this.#piece = piece
    this.#start = 0
    return true
  }
}
