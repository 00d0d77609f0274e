const slotSize = 2048
/** Twice the datagrams that may wait in the sockets, so that none is overwritten in flight. */
const slots = 1024

/**
 * Buffers for outgoing datagrams, in turn. The socket may hold on to one until the kernel takes
 * it; by the time a slot comes round again that has long happened or was refused.
 */
export class SendRing {
  readonly #slots: Buffer[]
  #next = 0

  constructor() {
    const memory = Buffer.allocUnsafeSlow(slots * slotSize)
    this.#slots = Array.from({ length: slots }, (_, i) => {
      return memory.subarray(i * slotSize, (i + 1) * slotSize)
    })
  }

  /** 2048 bytes, valid to fill and send at once. */
  take(): Buffer {
    const slot = this.#slots[this.#next]!
    this.#next = (this.#next + 1) % slots
    return slot
  }
}
