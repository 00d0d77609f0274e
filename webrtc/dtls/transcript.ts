import { createHash } from 'node:crypto'
import type { FlightPart } from './flight.ts'
import { type HandshakeMessage, writeFragment } from './handshake-message.ts'

/**
 * All messages of a handshake in order, each as if it had not been cut into fragments
 * (RFC 6347 §4.2.6): what signatures, the master secret and both Finished are made over.
 */
export class Transcript {
  readonly #messages: Buffer[] = []
  #nextSent = 0

  /** How many messages it holds, for `cut`. */
  get length(): number {
    return this.#messages.length
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#messages)
  }

  /** SHA-256, the hash of every cipher suite we have. */
  get hash(): Buffer {
    const hash = createHash('sha256')
    for (const message of this.#messages) hash.update(message)
    return hash.digest()
  }

  /** Takes down a message of the peer. */
  heard(message: HandshakeMessage): void {
    this.#messages.push(writeFragment(message, 0, message.body.length))
  }

  /** Numbers a message of ours and takes it down. */
  say(type: number, body: Buffer, epoch: 0 | 1 = 0): FlightPart {
    const message = { type, sequence: this.#nextSent++, body }
    this.#messages.push(writeFragment(message, 0, body.length))
    return { kind: 'handshake', epoch, message }
  }

  /** Forgets all but the first `length` messages. */
  cut(length: number): void {
    this.#messages.length = length
  }

  /** Forgets everything; our next message has this number. */
  restart(sequence: number): void {
    this.#messages.length = 0
    this.#nextSent = sequence
  }
}
