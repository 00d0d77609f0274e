import type { SentPacket } from '#native/media-plane.ts'

/** A second of a fast replay: feedback comes sooner. A power of two, to fit the 16-bit numbers. */
const size = 1024

/** When the numbered packets of one transport left. Made for a peer's first numbered packet. */
export class TransportHistory {
  readonly #numbers = new Int32Array(size).fill(-1)
  readonly #sentAt = new Float64Array(size)
  readonly #bytes = new Uint16Array(size)
  #next = 0

  /** @returns the transport-wide number of a packet that leaves now, 16 bits */
  next(now: number, bytes: number): number {
    const number = this.#next
    const at = number % size
    this.#numbers[at] = number
    this.#sentAt[at] = now
    this.#bytes[at] = bytes
    this.#next = (number + 1) & 0xffff
    return number
  }

  find(number: number): SentPacket | undefined {
    const at = number % size
    if (this.#numbers[at] !== number) return undefined
    return { at: this.#sentAt[at]!, bytes: this.#bytes[at]! }
  }
}
