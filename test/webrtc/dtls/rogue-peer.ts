import { ClientHandshake } from '#webrtc/dtls/client-handshake.ts'
import { type Flight, type FlightPart, RecordWriter } from '#webrtc/dtls/flight.ts'
import { FlightSender } from '#webrtc/dtls/flight-sender.ts'
import type { Handshake, HandshakeOptions, Rewound, Step } from '#webrtc/dtls/handshake.ts'
import { HandshakeExchange } from '#webrtc/dtls/handshake-exchange.ts'
import {
  type HandshakeMessage,
  handshakeType,
  readFragments,
} from '#webrtc/dtls/handshake-message.ts'
import type { Role } from '#webrtc/dtls/key-schedule.ts'
import { Outbox } from '#webrtc/dtls/outbox.ts'
import { RecordReader } from '#webrtc/dtls/record-reader.ts'
import { contentType, readRecords } from '#webrtc/dtls/records.ts'
import { ServerHandshake } from '#webrtc/dtls/server-handshake.ts'
import type { Endpoint } from './simulation.ts'

/** Both randoms, as a forger sees them go by. */
export interface Randoms {
  client: Buffer
  server: Buffer
}

/** Another message instead of this one; nothing: it is left out. */
export type Tamper = (message: HandshakeMessage, randoms: Randoms) => readonly HandshakeMessage[]

/** Changes the body of one type of message, and leaves all others alone. */
export const changing =
  (type: number, change: (body: Buffer, randoms: Randoms) => Buffer): Tamper =>
  (message, randoms) =>
    message.type === type ? [{ ...message, body: change(message.body, randoms) }] : [message]

/** A handshake as the rules have it, but for what it says. */
class TamperedHandshake implements Handshake {
  readonly #inner: Handshake
  readonly #tamper: Tamper
  readonly #randoms: Randoms = { client: Buffer.alloc(32), server: Buffer.alloc(32) }

  constructor(inner: Handshake, tamper: Tamper) {
    this.#inner = inner
    this.#tamper = tamper
  }

  begin(): Flight | undefined {
    const flight = this.#inner.begin()
    return flight && this.#changed(flight)
  }

  receive(message: HandshakeMessage): Step {
    this.#watch(message)
    const step = this.#inner.receive(message)
    if (step.kind !== 'accepted' || step.flight === undefined) return step
    return { ...step, flight: this.#changed(step.flight) }
  }

  rewind(): Rewound {
    return this.#inner.rewind()
  }

  #changed(flight: Flight): Flight {
    return flight.flatMap((part): FlightPart[] => {
      if (part.kind !== 'handshake') return [part]
      this.#watch(part.message)
      const messages = this.#tamper(part.message, this.#randoms)
      return messages.map((message) => ({ ...part, message }))
    })
  }

  #watch({ type, body }: HandshakeMessage): void {
    if (type === handshakeType.clientHello) this.#randoms.client = body.subarray(2, 34)
    if (type === handshakeType.serverHello) this.#randoms.server = body.subarray(2, 34)
  }
}

/** A peer that lies in one thing, consistently, and otherwise knows what it does. */
export class RoguePeer implements Endpoint {
  readonly #role: Role
  readonly #outbox = new Outbox()
  readonly #writer = new RecordWriter()
  readonly #reader = new RecordReader()
  readonly #sender = new FlightSender(this.#writer, this.#outbox)
  readonly #exchange: HandshakeExchange

  constructor(role: Role, options: HandshakeOptions, tamper: Tamper) {
    this.#role = role
    const honest = role === 'client' ? new ClientHandshake(options) : new ServerHandshake(options)
    this.#exchange = new HandshakeExchange(new TamperedHandshake(honest, tamper), this.#sender)
  }

  start(now: number): void {
    this.#exchange.begin(now)
  }

  receive(datagram: Buffer, now: number): void {
    for (const record of readRecords(datagram)) {
      const plaintext = record.epoch === 1 ? this.#reader.open(record) : record.body
      if (plaintext === undefined || record.type !== contentType.handshake) continue
      for (const fragment of readFragments(plaintext)) {
        this.#exchange.add(fragment, record.epoch, now)
        this.#answer(now)
      }
    }
  }

  poll(now: number): void {
    // Not for ever: a simulation is to end.
    if (now < 10_000) this.#sender.poll(now)
    else this.#sender.stop()
  }

  get nextTimeout(): number {
    return this.#sender.nextTimeout
  }

  takeDatagrams(): Buffer[] {
    return this.#outbox.take()
  }

  /** A record under the session's keys, whatever is in it. */
  seal(type: number, plaintext: Buffer): Buffer {
    return this.#writer.write(type, 1, plaintext)
  }

  /** What is in the records under the session's keys, with their types. */
  open(datagrams: readonly Buffer[]): { type: number; plaintext: Buffer | undefined }[] {
    return datagrams
      .flatMap((datagram) => [...readRecords(datagram)])
      .map((record) => ({ type: record.type, plaintext: this.#reader.open(record) }))
  }

  #answer(now: number): void {
    const step = this.#exchange.next(now)
    if (step?.kind !== 'accepted') return
    if (step.session !== undefined) {
      const { client, server } = step.session.schedule.recordCiphers()
      this.#writer.protect(this.#role === 'client' ? client : server)
      for (const record of this.#reader.unlock(this.#role === 'client' ? server : client)) {
        this.#reader.open(record)
      }
    }
    if (step.flight !== undefined) this.#exchange.answer(step.flight, now, step.finished !== true)
    this.#answer(now)
  }
}
