import type { Machine } from '#core/machine.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { ClientHandshake } from './client-handshake.ts'
import { alertLevel, alertOf, closeNotify, type DtlsFailure, noRenegotiation } from './failure.ts'
import { RecordWriter } from './flight.ts'
import { FlightSender } from './flight-sender.ts'
import type { Accepted, HandshakeOptions, Session } from './handshake.ts'
import { HandshakeExchange } from './handshake-exchange.ts'
import { handshakeType, readFragments } from './handshake-message.ts'
import type { Role } from './key-schedule.ts'
import { Outbox } from './outbox.ts'
import { RecordReader } from './record-reader.ts'
import { contentType, type DtlsRecord, readRecords } from './records.ts'
import { ServerHandshake } from './server-handshake.ts'

export interface DtlsOptions extends HandshakeOptions {
  /** `client` speaks first (`a=setup:active` in our SDP), `server` waits (`passive`). */
  readonly role: Role
}

/** `new` until `start`; `closed` by either side; `failed` has a `failure`. */
export type DtlsState = 'new' | 'connecting' | 'connected' | 'closed' | 'failed'

/** In ms from `start`: long enough for a dozen flights to be lost. */
const handshakeTimeout = 12_000
/**
 * In ms. A Finished this much sooner after a resend than the last round trip took cannot be the
 * answer to it; half our first timeout, so that a little jitter does not blur the two.
 */
const roundTripSlack = 25

/**
 * DTLS 1.2 for one peer (RFC 6347), only as far as WebRTC needs it: to agree on SRTP keys with
 * the holder of an announced certificate (RFC 5764, RFC 8827 §6.5), and to say goodbye.
 *
 * Sans-IO: `receive` takes datagrams, `takeDatagrams` gives what to send; it is asked after
 * every `start`, `receive`, `poll` and `close`. Every `now` is monotonic ms.
 */
export class DtlsTransport implements Machine {
  readonly #role: Role
  readonly #outbox = new Outbox()
  readonly #writer = new RecordWriter()
  readonly #reader = new RecordReader()
  readonly #sender = new FlightSender(this.#writer, this.#outbox)
  /** Only until the handshake is over: it holds the transcript. */
  #exchange: HandshakeExchange | undefined
  #state: DtlsState = 'new'
  #deadline = Number.POSITIVE_INFINITY
  #failure: DtlsFailure | undefined
  #peerClosed = false
  #keys: SrtpKeys | undefined
  /** From our hello to the end of the server's flight, in ms. */
  #roundTrip = 0
  #earlyMediaLost = false
  #renegotiationRefused = false

  constructor(options: DtlsOptions) {
    this.#role = options.role
    const handshake =
      options.role === 'client' ? new ClientHandshake(options) : new ServerHandshake(options)
    this.#exchange = new HandshakeExchange(handshake, this.#sender)
  }

  /** Begins the handshake: a client's first flight is ready, a server waits for one. */
  start(now: number): void {
    if (this.#state !== 'new') return
    this.#state = 'connecting'
    this.#deadline = now + handshakeTimeout
    this.#exchange?.begin(now)
  }

  /** @param datagram borrowed; what is kept of it is copied. Before `start` it is dropped. */
  receive(datagram: Buffer, now: number): void {
    for (const record of readRecords(datagram)) this.#receiveRecord(record, now)
  }

  poll(now: number): void {
    if (this.#state !== 'connecting') return
    if (now >= this.#deadline) this.#fail('timeout')
    else this.#sender.poll(now)
  }

  get nextTimeout(): number {
    return this.#state === 'connecting'
      ? Math.min(this.#deadline, this.#sender.nextTimeout)
      : Number.POSITIVE_INFINITY
  }

  /** Datagrams to send now, in order; each is given out once. */
  takeDatagrams(): Buffer[] {
    return this.#outbox.take()
  }

  /** Sends a close_notify if connected; further calls do nothing. */
  close(_now: number): void {
    if (this.#state === 'connected') this.#alert(alertLevel.warning, closeNotify)
    if (this.#state !== 'failed') this.#end('closed')
  }

  get state(): DtlsState {
    return this.#state
  }

  /**
   * Keys for SRTP. As client they are there as soon as our own Finished has left, a round trip
   * before `connected` (early send); as server with `connected`. Gone after failure or close.
   */
  get keys(): SrtpKeys | undefined {
    return this.#role === 'client' || this.#state === 'connected' ? this.#keys : undefined
  }

  /** Why the state is `failed`. */
  get failure(): DtlsFailure | undefined {
    return this.#failure
  }

  /** Whether an authenticated close_notify or fatal alert has come. */
  get peerClosed(): boolean {
    return this.#peerClosed
  }

  /** Flights sent again, by our timer or because the peer repeated its own. */
  get flightsResent(): number {
    return this.#sender.resent
  }

  /**
   * As client, once connected: whether the peer most likely had to wait for another copy of our
   * last flight, and so could not decrypt what we sent early (DESIGN §6.9). On a path longer
   * than our first timeout `flightsResent` alone does not tell: the copy is sent all the same.
   */
  get earlyMediaLost(): boolean {
    return this.#earlyMediaLost
  }

  #receiveRecord(record: DtlsRecord, now: number): void {
    if (this.#state !== 'connecting' && this.#state !== 'connected') return
    if (record.epoch === 0) {
      // Anybody can send this, so alerts in the clear mean nothing, and later neither does the rest.
      if (this.#exchange !== undefined && record.type === contentType.handshake) {
        this.#negotiate(this.#exchange, record.body, 0, now)
      }
    } else if (record.epoch === 1) {
      const plaintext = this.#reader.open(record)
      if (plaintext !== undefined) this.#receiveSealed(record.type, plaintext, now)
    }
  }

  #receiveSealed(type: number, plaintext: Buffer, now: number): void {
    if (type === contentType.alert) this.#receiveAlert(plaintext)
    if (type !== contentType.handshake) return
    if (this.#exchange !== undefined) this.#negotiate(this.#exchange, plaintext, 1, now)
    else this.#receiveAfterwards(plaintext, now)
  }

  #negotiate(exchange: HandshakeExchange, record: Buffer, epoch: 0 | 1, now: number): void {
    for (const fragment of readFragments(record)) {
      exchange.add(fragment, epoch, now)
      // A step may end the exchange, and what waited for the keys may do so within a step.
      while (this.#exchange === exchange) {
        const step = exchange.next(now)
        if (step === undefined) break
        if (step.kind === 'refused') this.#fail(step.failure)
        else this.#proceed(exchange, step, now)
      }
    }
  }

  #proceed(exchange: HandshakeExchange, step: Accepted, now: number): void {
    const early = step.session === undefined ? [] : this.#install(step.session, now)
    if (step.flight !== undefined) exchange.answer(step.flight, now, step.finished !== true)
    if (step.finished) this.#complete(now)
    for (const record of early) this.#receiveRecord(record, now)
  }

  /** Takes the keys into use; gives back the records that waited for them. */
  #install({ schedule, srtpProfile }: Session, now: number): readonly DtlsRecord[] {
    const ciphers = schedule.recordCiphers()
    this.#keys = schedule.srtpKeys(srtpProfile, this.#role)
    this.#roundTrip = now - this.#sender.firstSentAt
    this.#writer.protect(ciphers[this.#role])
    return this.#reader.unlock(this.#role === 'client' ? ciphers.server : ciphers.client)
  }

  #complete(now: number): void {
    this.#state = 'connected'
    this.#exchange = undefined
    if (this.#role === 'server') return
    const resentAt = this.#sender.firstResentAt
    this.#earlyMediaLost =
      resentAt !== undefined && now - resentAt >= this.#roundTrip - roundTripSlack
    // The server has answered our last flight: it will not ask for it again.
    this.#sender.stop()
  }

  /** Handshake messages of a connected peer: its last flight again, or a new handshake. */
  #receiveAfterwards(record: Buffer, now: number): void {
    for (const { type } of readFragments(record)) {
      if (type === handshakeType.finished) {
        this.#sender.peerRepeated(now)
      } else if (!this.#renegotiationRefused) {
        // Once is enough to be polite (RFC 5246 §7.2.2).
        this.#renegotiationRefused = true
        this.#alert(alertLevel.warning, noRenegotiation)
      }
    }
  }

  #receiveAlert(alert: Buffer): void {
    const [level, description] = alert
    const closing = description === closeNotify
    if (alert.length !== 2 || (level !== alertLevel.fatal && !closing)) return
    this.#peerClosed = true
    if (this.#state === 'connecting') {
      this.#fail('peer-alert')
    } else if (this.#state === 'connected') {
      // A close_notify is answered by another (RFC 5246 §7.2.1).
      if (closing) this.#alert(alertLevel.warning, closeNotify)
      this.#end('closed')
    }
  }

  #fail(failure: DtlsFailure): void {
    const description = alertOf[failure]
    if (description !== undefined) this.#alert(alertLevel.fatal, description)
    this.#failure = failure
    this.#end('failed')
  }

  #alert(level: number, description: number): void {
    const body = Buffer.of(level, description)
    this.#outbox.push(this.#writer.write(contentType.alert, this.#writer.epoch, body))
  }

  #end(state: 'closed' | 'failed'): void {
    this.#state = state
    this.#exchange = undefined
    this.#keys = undefined
    this.#sender.stop()
  }
}
