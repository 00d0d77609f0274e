import { randomBytes } from 'node:crypto'
import { writeCertificate, writeSignature } from './certificate-messages.ts'
import { randomSize, writeClientHello } from './client-hello.ts'
import type { Flight, FlightPart } from './flight.ts'
import {
  type Handshake,
  type HandshakeOptions,
  ignored,
  type Rewound,
  refused,
  type Step,
} from './handshake.ts'
import { type HandshakeMessage, handshakeType } from './handshake-message.ts'
import { writeClientKeyExchange } from './key-exchange-messages.ts'
import { KeySchedule } from './key-schedule.ts'
import { ServerFlight, type ServerTerms } from './server-flight.ts'
import { parseHelloVerifyRequest } from './server-hello.ts'
import { signOwn } from './signature.ts'
import { Transcript } from './transcript.ts'

const noCookie = Buffer.alloc(0)

/** The client's side of a full handshake (RFC 5246 §7.3, RFC 6347 §4.2.4). */
export class ClientHandshake implements Handshake {
  readonly #options: HandshakeOptions
  readonly #random = randomBytes(randomSize)
  readonly #transcript = new Transcript()
  #serverFlight: ServerFlight
  /** Set once a HelloVerifyRequest came: our second hello, and the answer to it, count from 1. */
  #helloVerified = false
  /** Set once our Finished is made: only the server's is missing. */
  #schedule: KeySchedule | undefined

  constructor(options: HandshakeOptions) {
    this.#options = options
    this.#serverFlight = new ServerFlight(options, this.#random)
  }

  begin(): Flight {
    return this.#hello(noCookie)
  }

  receive(message: HandshakeMessage): Step {
    if (this.#schedule !== undefined) return this.#finished(message, this.#schedule)
    if (this.#serverFlight.awaitsHello) {
      if (message.type === handshakeType.helloVerifyRequest) return this.#helloVerify(message)
      // The server goes on from our first hello: it never asked for another, somebody else did.
      if (message.type === handshakeType.certificate && this.#helloVerified) {
        return refused('illegal-parameter')
      }
    }
    const step = this.#serverFlight.receive(message)
    if (step.kind !== 'accepted') return step
    this.#transcript.heard(message)
    const { terms } = this.#serverFlight
    return terms === undefined ? step : this.#answer(terms)
  }

  rewind(): Rewound {
    const forgedRequest = this.#helloVerified && this.#serverFlight.awaitsHello
    this.#serverFlight = new ServerFlight(this.#options, this.#random)
    if (forgedRequest) {
      this.#helloVerified = false
      return { expect: 0, flight: this.begin() }
    }
    this.#transcript.cut(1)
    return { expect: this.#helloVerified ? 1 : 0 }
  }

  #hello(cookie: Buffer): Flight {
    const { srtpProfiles } = this.#options
    const body = writeClientHello({ random: this.#random, cookie, srtpProfiles })
    // Neither an earlier hello nor the request for this one counts (RFC 6347 §4.2.1).
    this.#transcript.restart(this.#helloVerified ? 1 : 0)
    return [this.#transcript.say(handshakeType.clientHello, body)]
  }

  #helloVerify({ body }: HandshakeMessage): Step {
    const cookie = parseHelloVerifyRequest(body)
    if (cookie === undefined || this.#helloVerified) return ignored
    this.#helloVerified = true
    return { kind: 'accepted', flight: this.#hello(cookie) }
  }

  /** Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, Finished. */
  #answer(terms: ServerTerms): Step {
    const { der, privateKey } = this.#options.certificate
    const { preMasterSecret, serverRandom, srtpProfile } = terms
    const transcript = this.#transcript
    const flight: FlightPart[] = [
      transcript.say(handshakeType.certificate, writeCertificate(der)),
      transcript.say(handshakeType.clientKeyExchange, writeClientKeyExchange(terms.keyShare)),
    ]
    const schedule = new KeySchedule({
      preMasterSecret,
      sessionHash: transcript.hash,
      clientRandom: this.#random,
      serverRandom,
    })
    const proof = writeSignature(signOwn(transcript.bytes, privateKey))
    flight.push(transcript.say(handshakeType.certificateVerify, proof))
    const verifyData = schedule.verifyData('client', transcript.hash)
    flight.push({ kind: 'change-cipher-spec' })
    flight.push(transcript.say(handshakeType.finished, verifyData, 1))
    this.#schedule = schedule
    return { kind: 'accepted', flight, session: { schedule, srtpProfile } }
  }

  #finished({ type, body }: HandshakeMessage, schedule: KeySchedule): Step {
    if (type !== handshakeType.finished) return ignored
    return schedule.verifies('server', this.#transcript.hash, body)
      ? { kind: 'accepted', finished: true }
      : refused('bad-finished')
  }
}
