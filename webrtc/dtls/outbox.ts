/** Datagrams kept for an owner that does not take them; a flight has two or three. */
const maxWaiting = 32

/** Datagrams to send, in order. The oldest give way: they would be late. */
export class Outbox {
  #datagrams: Buffer[] = []

  push(...datagrams: readonly Buffer[]): void {
    this.#datagrams.push(...datagrams)
    if (this.#datagrams.length > maxWaiting) this.#datagrams.splice(0, datagrams.length)
  }

  /** Each datagram is given out once. */
  take(): Buffer[] {
    const datagrams = this.#datagrams
    this.#datagrams = []
    return datagrams
  }
}
