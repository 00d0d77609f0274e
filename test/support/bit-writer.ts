/** Writes bits as a codec's syntax table lists them, high ones first. */
export class BitWriter {
  #bits = ''

  /** u(n), f(n): `value` in `count` bits. */
  u(count: number, value: number): this {
    this.#bits += value.toString(2).padStart(count, '0')
    return this
  }

  /** Unsigned Exp-Golomb, ue(v) (H.264 §9.1), one after another. */
  ue(...values: readonly number[]): this {
    for (const value of values) {
      const code = (value + 1).toString(2)
      this.#bits += code.padStart(2 * code.length - 1, '0')
    }
    return this
  }

  /** Signed Exp-Golomb, se(v) (H.264 §9.1.1). */
  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value)
  }

  /** The bytes so far, closed by a one and zeros as an RBSP is (H.264 §7.3.2.11). */
  rbsp(): Buffer {
    const bits = `${this.#bits}1`
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0')
    return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  }
}

/** Puts a 3 behind two zero bytes wherever a small byte would follow (H.264 §7.4.1). */
export function escapeRbsp(rbsp: Buffer): Buffer {
  const escaped: number[] = []
  let zeros = 0
  for (const byte of rbsp) {
    if (zeros >= 2 && byte <= 3) {
      escaped.push(3)
      zeros = 0
    }
    escaped.push(byte)
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return Buffer.from(escaped)
}
