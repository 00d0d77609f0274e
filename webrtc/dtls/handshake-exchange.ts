import type { Flight } from './flight.ts'
import type { FlightSender } from './flight-sender.ts'
import type { Accepted, Handshake, Refused } from './handshake.ts'
import { type HandshakeFragment, handshakeType } from './handshake-message.ts'
import { Reassembly } from './reassembly.ts'

/** How many messages that anyone may have forged are refused before the handshake is. */
const maxRewinds = 2

/**
 * A handshake over a link that loses and an address that others can forge.
 *
 * Until a signature is verified nothing shows who sent a message. So one that does not parse or
 * belong counts as lost, and after a refused one the peer's flight is awaited again, twice,
 * before the refusal stands. Finished alone comes authenticated: its refusal is final.
 */
export class HandshakeExchange {
  readonly #handshake: Handshake
  readonly #sender: FlightSender
  readonly #reassembly = new Reassembly()
  /** Number of the last message in the peer's flight that our current one answers. */
  #answered: number | undefined
  #rewinds = 0

  constructor(handshake: Handshake, sender: FlightSender) {
    this.#handshake = handshake
    this.#sender = sender
  }

  begin(now: number): void {
    const flight = this.#handshake.begin()
    if (flight !== undefined) this.#sender.send(flight, now, true)
  }

  /** Takes in a fragment; `next` then gives what has become of it. */
  add(fragment: HandshakeFragment, epoch: number, now: number): void {
    // A Finished in the clear is forged, as is anything else under a cipher.
    if ((fragment.type === handshakeType.finished) !== (epoch === 1)) return
    if (fragment.sequence === this.#answered) this.#sender.peerRepeated(now)
    else this.#reassembly.add(fragment)
  }

  /** What the next whole message did, to be asked until there is none. */
  next(now: number): Accepted | Refused | undefined {
    for (;;) {
      const message = this.#reassembly.peek()
      if (message === undefined) return undefined
      const step = this.#handshake.receive(message)
      if (step.kind === 'accepted') {
        if (step.flight !== undefined) this.#answered = message.sequence
        this.#reassembly.advance()
        return step
      }
      this.#reassembly.discard()
      if (step.kind === 'ignored') continue
      const final = message.type === handshakeType.finished || this.#rewinds === maxRewinds
      if (final) return step
      this.#rewind(now)
    }
  }

  /** Sends our answer. @param timed whether the peer answers it in turn */
  answer(flight: Flight, now: number, timed: boolean): void {
    this.#sender.send(flight, now, timed)
  }

  #rewind(now: number): void {
    this.#rewinds++
    const { expect, flight } = this.#handshake.rewind()
    this.#reassembly.rewind(expect)
    this.#answered = expect > 0 ? expect - 1 : undefined
    if (flight !== undefined) this.#sender.send(flight, now, true)
  }
}
