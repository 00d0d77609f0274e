/**
 * Reads fields in order from untrusted bytes. A read past the end yields zeros or nothing and
 * is remembered: a parser reads everything, then asks `complete` once. Buffers are views.
 */
export class ByteReader {
  readonly #bytes: Buffer
  #offset = 0
  #overrun = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Whether bytes are left and no read has gone past the end. */
  get more(): boolean {
    return !this.#overrun && this.#offset < this.#bytes.length
  }

  /** Whether every byte was read and no read went past the end. */
  get complete(): boolean {
    return !this.#overrun && this.#offset === this.#bytes.length
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset
  }

  /** @param size bytes, 1 to 6; big-endian */
  uint(size: number): number {
    const field = this.take(size)
    return field.length === size ? field.readUIntBE(0, size) : 0
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#offset) {
      this.#overrun = true
      return Buffer.alloc(0)
    }
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  /** A vector (RFC 5246 §4.3). @param size bytes of its length field */
  vector(size: number): Buffer {
    return this.take(this.uint(size))
  }

  /** A vector of 16-bit numbers with a 16-bit length. */
  uint16Vector(): number[] {
    const bytes = this.vector(2)
    if (bytes.length % 2 !== 0) this.#overrun = true
    const numbers: number[] = []
    for (let at = 0; at + 1 < bytes.length; at += 2) numbers.push(bytes.readUInt16BE(at))
    return numbers
  }
}
