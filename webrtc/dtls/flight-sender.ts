import { type Flight, packFlight, type RecordWriter } from './flight.ts'
import type { Outbox } from './outbox.ts'

/** All in ms. A loss at 50 ms costs a join less than waiting for 1 s (RFC 6347 §4.2.4.1). */
const firstTimeout = 50
const maxTimeout = 3000
/** Two copies of the peer's flight that come this close together are answered once. */
const minRepeatInterval = firstTimeout / 2

/**
 * Sends our current flight, again when no answer comes or when the peer repeats the flight
 * before it (RFC 6347 §4.2.4). Every `now` is monotonic ms.
 */
export class FlightSender {
  readonly #writer: RecordWriter
  readonly #outbox: Outbox
  #flight: Flight = []
  #timeout = firstTimeout
  #dueAt = Number.POSITIVE_INFINITY
  #firstSentAt = 0
  #firstResentAt: number | undefined
  #lastSentAt = 0
  #resent = 0

  constructor(writer: RecordWriter, outbox: Outbox) {
    this.#writer = writer
    this.#outbox = outbox
  }

  get nextTimeout(): number {
    return this.#dueAt
  }

  /** When the current flight left first. */
  get firstSentAt(): number {
    return this.#firstSentAt
  }

  /** When the current flight left for the second time, if it did. */
  get firstResentAt(): number | undefined {
    return this.#firstResentAt
  }

  /** How often any flight was sent again. */
  get resent(): number {
    return this.#resent
  }

  /** @param timed whether an answer is due; without, only the peer's repetition resends it */
  send(flight: Flight, now: number, timed: boolean): void {
    this.#flight = flight
    this.#timeout = firstTimeout
    this.#dueAt = timed ? now + firstTimeout : Number.POSITIVE_INFINITY
    this.#firstSentAt = now
    this.#firstResentAt = undefined
    this.#lastSentAt = now
    this.#outbox.push(...packFlight(flight, this.#writer))
  }

  poll(now: number): void {
    if (now < this.#dueAt) return
    this.#timeout = Math.min(2 * this.#timeout, maxTimeout)
    this.#dueAt = now + this.#timeout
    this.#resend(now)
  }

  /** The peer sent again the flight that ours answers: ours was lost, or is late. */
  peerRepeated(now: number): void {
    if (now - this.#lastSentAt >= minRepeatInterval) this.#resend(now)
  }

  /** Stops resending; the flight has arrived. */
  stop(): void {
    this.#flight = []
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #resend(now: number): void {
    if (this.#flight.length === 0) return
    this.#firstResentAt ??= now
    this.#lastSentAt = now
    this.#resent++
    this.#outbox.push(...packFlight(this.#flight, this.#writer))
  }
}
