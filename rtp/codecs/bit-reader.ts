/**
 * Reads bits, high ones first. Behind the end it gives zeros and remembers, so that a parser
 * checks `overrun` once, at its end, instead of at each field.
 */
export class BitReader {
  /** Something was read that is not there: what was parsed means nothing. */
  overrun = false
  readonly #bytes: Buffer
  readonly #end: number
  readonly #escaped: boolean
  /** Of the byte being read. */
  #at: number
  #bit = 0
  #zeros = 0

  /**
   * @param escaped the bytes are a NAL unit: a 3 behind two zero bytes is not data (H.264 §7.4.1,
   *   H.265 §7.4.2)
   */
  constructor(bytes: Buffer, start: number, end: number, escaped = false) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#escaped = escaped
  }

  bit(): number {
    if (this.#bit === 0 && this.#escaped) this.#skipEscape()
    if (this.#at >= this.#end) {
      this.overrun = true
      return 0
    }
    const byte = this.#bytes[this.#at]!
    const value = (byte >> (7 - this.#bit)) & 1
    if (++this.#bit === 8) {
      this.#bit = 0
      this.#at++
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0
    }
    return value
  }

  flag(): boolean {
    return this.bit() === 1
  }

  /** @param count 0–32 */
  bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + this.bit()
    return value
  }

  skip(count: number): void {
    for (let i = 0; i < count && !this.overrun; i++) this.bit()
  }

  /** Unsigned Exp-Golomb, ue(v) (H.264 §9.1). */
  ue(): number {
    let zeros = 0
    while (!this.overrun && !this.flag()) {
      if (++zeros > 31) this.overrun = true
    }
    return this.overrun ? 0 : 2 ** zeros - 1 + this.bits(zeros)
  }

  /** Signed Exp-Golomb, se(v) (H.264 §9.1.1). */
  se(): number {
    const code = this.ue()
    return code % 2 ? (code + 1) / 2 : 0 - code / 2
  }

  #skipEscape(): void {
    if (this.#zeros >= 2 && this.#at < this.#end && this.#bytes[this.#at] === 3) {
      this.#at++
      this.#zeros = 0
    }
  }
}
