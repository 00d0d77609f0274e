/** Modulo-2^16 arithmetic of RTP sequence numbers (RFC 3550 §5.1, RFC 1982). */

/** Signed distance from `a` to `b`, in −32768…32767: positive when `b` is newer. */
export function distance(a: number, b: number): number {
  return ((b - a) << 16) >> 16
}

/** Signed distance between two 32-bit RTP timestamps, in ticks: positive when `b` is newer. */
export function timestampDistance(a: number, b: number): number {
  return (b - a) | 0
}

/** Extends 16-bit numbers to a count that never wraps, so that `<` means older. */
export class SequenceUnwrapper {
  #last: number | undefined

  /** The first number gives itself plus 2^16, so that one from before it stays positive. */
  unwrap(sequenceNumber: number): number {
    this.#last ??= sequenceNumber + 0x10000
    const unwrapped = this.#last + distance(this.#last & 0xffff, sequenceNumber)
    if (unwrapped > this.#last) this.#last = unwrapped
    return unwrapped
  }

  /** A number that somebody else has unwrapped: the next ones are counted from the newest. */
  follow(unwrapped: number): void {
    if (this.#last === undefined || unwrapped > this.#last) this.#last = unwrapped
  }
}
