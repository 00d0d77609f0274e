import type { HandshakeFragment, HandshakeMessage } from './handshake-message.ts'

/** A certificate chain of some length; nothing in a WebRTC handshake comes near (SEC-43). */
const maxMessageSize = 16 * 1024
/** A server's flight has five messages, a client's four. */
const maxAhead = 8
/** One message of the largest size and then some, per peer that has not yet proved itself. */
const maxBuffered = 24 * 1024

interface Partial {
  readonly type: number
  readonly body: Buffer
  /** One byte for each of `body`, 1 where it has come. */
  readonly received: Uint8Array
}

/**
 * Puts handshake messages together from fragments in any order, repeated or overlapping
 * (RFC 6347 §4.2.3), and hands them out in sequence.
 *
 * Nothing of this is authenticated yet, so the newest bytes always win: one forged fragment
 * costs the peer a retransmission, and cannot block the true message for good.
 */
export class Reassembly {
  readonly #partials = new Map<number, Partial>()
  #next = 0
  #buffered = 0

  /** Sequence number of the message that `peek` waits for. */
  get next(): number {
    return this.#next
  }

  add({ type, sequence, length, offset, bytes }: HandshakeFragment): void {
    if (sequence < this.#next || sequence > this.#next + maxAhead) return
    if (length > maxMessageSize) return
    let partial = this.#partials.get(sequence)
    if (partial?.type !== type || partial.body.length !== length) {
      this.#forget(sequence)
      if (!this.#makeRoom(sequence, length)) return
      partial = { type, body: Buffer.alloc(length), received: new Uint8Array(length) }
      this.#partials.set(sequence, partial)
      this.#buffered += length
    }
    partial.body.set(bytes, offset)
    partial.received.fill(1, offset, offset + bytes.length)
  }

  /** The next message in sequence once it is whole. It stays until `advance` or `discard`. */
  peek(): HandshakeMessage | undefined {
    const partial = this.#partials.get(this.#next)
    if (partial === undefined || partial.received.includes(0)) return undefined
    return { type: partial.type, sequence: this.#next, body: partial.body }
  }

  /** The message that `peek` gave was good: the one after it is next. */
  advance(): void {
    this.#forget(this.#next)
    this.#next++
  }

  /** The message that `peek` gave was not what belongs there: waits for it to come again. */
  discard(): void {
    this.#forget(this.#next)
  }

  /** Forgets everything and waits for this message. */
  rewind(sequence: number): void {
    this.#partials.clear()
    this.#buffered = 0
    this.#next = sequence
  }

  #forget(sequence: number): void {
    this.#buffered -= this.#partials.get(sequence)?.body.length ?? 0
    this.#partials.delete(sequence)
  }

  // Later messages give way to earlier ones, or a forged one far ahead could keep the next out.
  #makeRoom(sequence: number, length: number): boolean {
    while (this.#buffered + length > maxBuffered) {
      const latest = Math.max(...this.#partials.keys())
      if (latest < sequence) return false
      this.#forget(latest)
    }
    return true
  }
}
