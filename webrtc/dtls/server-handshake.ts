import { type KeyObject, randomBytes } from 'node:crypto'
import {
  parseCertificate,
  parseCertificateVerify,
  writeCertificate,
  writeCertificateRequest,
} from './certificate-messages.ts'
import { type ClientHello, cipherSuite, parseClientHello, randomSize } from './client-hello.ts'
import {
  accepted,
  type Handshake,
  type HandshakeOptions,
  ignored,
  type Rewound,
  refused,
  type Session,
  type Step,
} from './handshake.ts'
import { type HandshakeMessage, handshakeType } from './handshake-message.ts'
import {
  parseClientKeyExchange,
  writeKeyParameters,
  writeServerKeyExchange,
} from './key-exchange-messages.ts'
import { KeySchedule } from './key-schedule.ts'
import { createKeyShare, type KeyShare } from './key-share.ts'
import { chooseAsServer, type ServerChoice } from './negotiation.ts'
import { peerKey } from './peer-certificate.ts'
import { writeServerHello } from './server-hello.ts'
import { signOwn, verifySignature } from './signature.ts'
import { Transcript } from './transcript.ts'

type Awaited = 'hello' | 'certificate' | 'key-exchange' | 'certificate-verify' | 'finished'

/** What stands once our flight has left. */
interface Negotiated {
  readonly clientRandom: Buffer
  readonly share: KeyShare
  readonly choice: ServerChoice
  /** Messages in the transcript up to our ServerHelloDone. */
  readonly mark: number
}

/**
 * The server's side of a full handshake (RFC 5246 §7.3). It asks for no cookie: only a peer
 * that has passed an authenticated STUN check gets this far (DESIGN §5, SEC-43).
 */
export class ServerHandshake implements Handshake {
  readonly #options: HandshakeOptions
  readonly #random = randomBytes(randomSize)
  readonly #transcript = new Transcript()
  #awaited: Awaited = 'hello'
  #negotiated: Negotiated | undefined
  #clientKey: KeyObject | undefined
  #session: Session | undefined

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  begin(): undefined {
    return undefined
  }

  receive(message: HandshakeMessage): Step {
    const { type } = message
    switch (this.#awaited) {
      case 'hello':
        return type === handshakeType.clientHello ? this.#hello(message) : ignored
      case 'certificate':
        return type === handshakeType.certificate ? this.#certificate(message) : ignored
      case 'key-exchange':
        return type === handshakeType.clientKeyExchange ? this.#keyExchange(message) : ignored
      case 'certificate-verify':
        return type === handshakeType.certificateVerify ? this.#certificateVerify(message) : ignored
      case 'finished':
        return type === handshakeType.finished ? this.#finished(message) : ignored
    }
  }

  rewind(): Rewound {
    if (this.#negotiated === undefined) return { expect: 0 }
    this.#transcript.cut(this.#negotiated.mark)
    this.#awaited = 'certificate'
    return { expect: 1 }
  }

  #hello(message: HandshakeMessage): Step {
    const hello = parseClientHello(message.body)
    if (hello === undefined) return ignored
    const choice = chooseAsServer(hello, this.#options.srtpProfiles)
    if (typeof choice === 'string') return refused(choice)
    this.#transcript.heard(message)
    this.#awaited = 'certificate'
    return { kind: 'accepted', flight: this.#answer(hello, choice) }
  }

  /** ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone. */
  #answer({ random: clientRandom }: ClientHello, choice: ServerChoice) {
    const { der, privateKey } = this.#options.certificate
    const transcript = this.#transcript
    const { extensions } = choice
    const share = createKeyShare(choice.curve)
    const parameters = writeKeyParameters(share.curve, share.publicKey)
    const signed = Buffer.concat([clientRandom, this.#random, parameters])
    const exchange = writeServerKeyExchange(parameters, signOwn(signed, privateKey))
    const hello = writeServerHello({
      random: this.#random,
      cipherSuite: cipherSuite.ecdsa,
      extensions,
    })
    const flight = [
      transcript.say(handshakeType.serverHello, hello),
      transcript.say(handshakeType.certificate, writeCertificate(der)),
      transcript.say(handshakeType.serverKeyExchange, exchange),
      transcript.say(handshakeType.certificateRequest, writeCertificateRequest()),
      transcript.say(handshakeType.serverHelloDone, Buffer.alloc(0)),
    ]
    this.#negotiated = { clientRandom, share, choice, mark: transcript.length }
    return flight
  }

  #certificate(message: HandshakeMessage): Step {
    const der = parseCertificate(message.body)
    if (der === undefined) return ignored
    const key = peerKey(der, this.#options.remoteFingerprints)
    if (typeof key === 'string') return refused(key)
    this.#clientKey = key
    this.#transcript.heard(message)
    this.#awaited = 'key-exchange'
    return accepted
  }

  #keyExchange(message: HandshakeMessage): Step {
    const publicKey = parseClientKeyExchange(message.body)
    if (publicKey === undefined) return ignored
    const { share, clientRandom, choice } = this.#negotiated!
    const preMasterSecret = share.agree(publicKey)
    if (preMasterSecret === undefined) return refused('bad-key-share')
    this.#transcript.heard(message)
    const schedule = new KeySchedule({
      preMasterSecret,
      sessionHash: this.#transcript.hash,
      clientRandom,
      serverRandom: this.#random,
    })
    this.#session = { schedule, srtpProfile: choice.srtpProfile }
    this.#awaited = 'certificate-verify'
    return accepted
  }

  #certificateVerify(message: HandshakeMessage): Step {
    const signature = parseCertificateVerify(message.body)
    if (signature === undefined) return ignored
    if (!verifySignature(this.#transcript.bytes, this.#clientKey!, signature)) {
      return refused('bad-certificate-verify')
    }
    this.#transcript.heard(message)
    this.#awaited = 'finished'
    return { kind: 'accepted', session: this.#session! }
  }

  #finished(message: HandshakeMessage): Step {
    const { schedule } = this.#session!
    if (!schedule.verifies('client', this.#transcript.hash, message.body)) {
      return refused('bad-finished')
    }
    this.#transcript.heard(message)
    const verifyData = schedule.verifyData('server', this.#transcript.hash)
    const finished = this.#transcript.say(handshakeType.finished, verifyData, 1)
    return {
      kind: 'accepted',
      flight: [{ kind: 'change-cipher-spec' }, finished],
      finished: true,
    }
  }
}
