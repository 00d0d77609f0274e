const windowSize = 64

/** Which of the last 64 record numbers of an epoch have come (RFC 6347 §4.1.2.6). */
export class ReplayWindow {
  #newest = -1
  /** Bit n stands for `newest - n`. */
  #seen = 0n

  /** Whether a record is new; asked before it is opened, as that costs more. */
  accepts(sequence: number): boolean {
    const age = this.#newest - sequence
    if (age < 0) return true
    return age < windowSize && (this.#seen & (1n << BigInt(age))) === 0n
  }

  /** Remembers an authentic record: a forged one must not move the window. */
  record(sequence: number): void {
    const ahead = sequence - this.#newest
    if (ahead > 0) {
      const kept = ahead < windowSize ? this.#seen << BigInt(ahead) : 0n
      this.#seen = BigInt.asUintN(windowSize, kept | 1n)
      this.#newest = sequence
    } else {
      this.#seen |= 1n << BigInt(-ahead)
    }
  }
}
