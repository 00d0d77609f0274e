import type { KeyObject } from 'node:crypto'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { parseCertificate, parseCertificateRequest } from './certificate-messages.ts'
import { accepted, type HandshakeOptions, ignored, refused, type Step } from './handshake.ts'
import { type HandshakeMessage, handshakeType } from './handshake-message.ts'
import { parseServerKeyExchange } from './key-exchange-messages.ts'
import { asCurve, createKeyShare } from './key-share.ts'
import { checkAsClient } from './negotiation.ts'
import { peerKey } from './peer-certificate.ts'
import { parseServerHello } from './server-hello.ts'
import { ownScheme, verifySignature } from './signature.ts'

type Awaited = 'hello' | 'certificate' | 'key-exchange' | 'request' | 'done' | 'nothing'

/** What a client knows once the server's whole flight is verified. */
export interface ServerTerms {
  readonly serverRandom: Buffer
  readonly srtpProfile: SrtpProfile
  readonly preMasterSecret: Buffer
  /** Our part of the key exchange. */
  readonly keyShare: Buffer
}

/**
 * A server's flight as its client reads it: ServerHello, Certificate, ServerKeyExchange,
 * CertificateRequest, ServerHelloDone (RFC 5246 §7.3). The signature in the third binds the
 * first to the announced certificate; the rest is confirmed by Finished. The fourth is not
 * optional here: in WebRTC both sides prove themselves (RFC 5763 §5).
 */
export class ServerFlight {
  readonly #options: HandshakeOptions
  readonly #clientRandom: Buffer
  #awaited: Awaited = 'hello'
  #serverRandom: Buffer = Buffer.alloc(0)
  #keyType = ''
  #srtpProfile: SrtpProfile | undefined
  #serverKey: KeyObject | undefined
  #preMasterSecret: Buffer = Buffer.alloc(0)
  #keyShare: Buffer = Buffer.alloc(0)

  constructor(options: HandshakeOptions, clientRandom: Buffer) {
    this.#options = options
    this.#clientRandom = clientRandom
  }

  /** Whether not even the ServerHello has been accepted. */
  get awaitsHello(): boolean {
    return this.#awaited === 'hello'
  }

  /** All there is to know, once ServerHelloDone was accepted. */
  get terms(): ServerTerms | undefined {
    if (this.#awaited !== 'nothing') return undefined
    return {
      serverRandom: this.#serverRandom,
      srtpProfile: this.#srtpProfile!,
      preMasterSecret: this.#preMasterSecret,
      keyShare: this.#keyShare,
    }
  }

  receive({ type, body }: HandshakeMessage): Step {
    switch (this.#awaited) {
      case 'hello':
        return type === handshakeType.serverHello ? this.#hello(body) : ignored
      case 'certificate':
        return type === handshakeType.certificate ? this.#certificate(body) : ignored
      case 'key-exchange':
        return type === handshakeType.serverKeyExchange ? this.#keyExchange(body) : ignored
      case 'request':
        return type === handshakeType.certificateRequest ? this.#certificateRequest(body) : ignored
      case 'done':
        return type === handshakeType.serverHelloDone ? this.#done(body) : ignored
      case 'nothing':
        return ignored
    }
  }

  #hello(body: Buffer): Step {
    const hello = parseServerHello(body)
    if (hello === undefined) return ignored
    const agreement = checkAsClient(hello, this.#options.srtpProfiles)
    if (typeof agreement === 'string') return refused(agreement)
    this.#serverRandom = hello.random
    this.#keyType = agreement.keyType
    this.#srtpProfile = agreement.srtpProfile
    this.#awaited = 'certificate'
    return accepted
  }

  #certificate(body: Buffer): Step {
    const der = parseCertificate(body)
    if (der === undefined) return ignored
    const key = peerKey(der, this.#options.remoteFingerprints)
    if (typeof key === 'string') return refused(key)
    // The cipher suite names the type of key (RFC 8422 §2).
    if (key.asymmetricKeyType !== this.#keyType) return refused('unsupported-certificate')
    this.#serverKey = key
    this.#awaited = 'key-exchange'
    return accepted
  }

  #keyExchange(body: Buffer): Step {
    const exchange = parseServerKeyExchange(body)
    if (exchange === undefined) return ignored
    const signed = Buffer.concat([this.#clientRandom, this.#serverRandom, exchange.parameters])
    if (!verifySignature(signed, this.#serverKey!, exchange.signature)) {
      return refused('bad-key-exchange-signature')
    }
    const curve = asCurve(exchange.curve)
    if (curve === undefined) return refused('no-common-curve')
    const share = createKeyShare(curve)
    const secret = share.agree(exchange.publicKey)
    if (secret === undefined) return refused('bad-key-share')
    this.#preMasterSecret = secret
    this.#keyShare = share.publicKey
    this.#awaited = 'request'
    return accepted
  }

  #certificateRequest(body: Buffer): Step {
    const schemes = parseCertificateRequest(body)
    if (schemes === undefined) return ignored
    if (!schemes.includes(ownScheme)) return refused('no-common-signature')
    this.#awaited = 'done'
    return accepted
  }

  #done(body: Buffer): Step {
    if (body.length > 0) return ignored
    this.#awaited = 'nothing'
    return accepted
  }
}
