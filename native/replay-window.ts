/**
 * Remembers which of the newest indices have been accepted, of SRTP (RFC 3711 §3.3.2) and of DTLS
 * records (RFC 6347 §4.1.2.6). Ask before the packet is authenticated, which costs more; tell
 * after: a forged packet must not close the window for a real one.
 */
export class ReplayWindow {
  readonly #size: number
  readonly #accepted: Uint8Array
  #highest: number | undefined

  /** @param size in packets; both RFCs ask for 64 or more */
  constructor(size: number) {
    this.#size = size
    this.#accepted = new Uint8Array(size)
  }

  /** The newest index accepted; undefined before the first. */
  get highest(): number | undefined {
    return this.#highest
  }

  isFresh(index: number): boolean {
    if (this.#highest === undefined || index > this.#highest) return true
    return this.#highest - index < this.#size && this.#accepted[index % this.#size] === 0
  }

  accept(index: number): void {
    const highest = this.#highest ?? index
    if (index > highest) {
      const from = Math.max(highest + 1, index - this.#size + 1)
      for (let skipped = from; skipped < index; skipped++) this.#accepted[skipped % this.#size] = 0
    }
    this.#accepted[index % this.#size] = 1
    this.#highest = Math.max(highest, index)
  }
}
