import { randomBytes } from 'node:crypto'
import type { Path } from '#native/path.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { parseStun, type StunMessage } from '#webrtc/stun.ts'
import { writeBindingRequest } from '#webrtc/stun-writer.ts'

/** Of every remote peer, and of one that is not who it says. */
export const remoteCertificate = createCertificate(Date.UTC(2026, 0, 1))
export const strangerCertificate = createCertificate(Date.UTC(2026, 0, 1))

/** What a remote peer knows of us: what an answer says. */
export interface OurSide {
  readonly ufrag: string
  readonly password: string
  readonly fingerprint: Fingerprint
}

export interface RemoteOptions {
  readonly path?: Path
  /** Of its DTLS. */
  readonly role?: 'client' | 'server'
  readonly certificate?: typeof remoteCertificate
  /** Between two checks of consent, in ms. */
  readonly checkInterval?: number
}

export const remotePath: Path = {
  transport: 'udp',
  family: 4,
  remoteAddress: '198.51.100.7',
  remotePort: 40_000,
  localAddress: '203.0.113.5',
}

/** A browser's transport: a full ICE agent with one candidate at a time, and DTLS. */
export class RemotePeer {
  readonly dtls: DtlsTransport
  readonly answers: StunMessage[] = []
  path: Path
  /** Whether it goes on asking for consent. */
  checking = true
  /** Whether its checks nominate. */
  nominating = true
  /** Of its candidate. */
  priority = 1000
  /** Our credentials as it knows them. */
  ours: Pick<OurSide, 'ufrag' | 'password'>
  readonly #checkInterval: number
  readonly #out: { readonly datagram: Buffer; readonly path: Path }[] = []
  #nextCheck = 0
  #started = false

  constructor(ours: OurSide, options: RemoteOptions = {}) {
    this.ours = ours
    this.path = options.path ?? remotePath
    this.#checkInterval = options.checkInterval ?? 2500
    this.dtls = new DtlsTransport({
      role: options.role ?? 'server',
      certificate: options.certificate ?? remoteCertificate,
      remoteFingerprints: [ours.fingerprint],
      srtpProfiles: [7, 1],
    })
  }

  get nextTimeout(): number {
    const check = this.checking ? this.#nextCheck : Number.POSITIVE_INFINITY
    return Math.min(check, this.dtls.nextTimeout)
  }

  poll(now: number): void {
    this.dtls.poll(now)
    if (!this.checking || now < this.#nextCheck) return
    this.#nextCheck = now + this.#checkInterval
    this.check()
  }

  /** Sends a check now. */
  check(password = this.ours.password): void {
    const datagram = writeBindingRequest({
      transactionId: randomBytes(12),
      username: `${this.ours.ufrag}:theirs`,
      password,
      priority: this.priority,
      tieBreaker: 1n,
      useCandidate: this.nominating,
    })
    this.#out.push({ datagram, path: this.path })
  }

  send(datagram: Buffer, path = this.path): void {
    this.#out.push({ datagram, path })
  }

  receive(datagram: Buffer, now: number): void {
    if (datagram[0]! >= 4) {
      this.dtls.receive(datagram, now)
      return
    }
    const message = parseStun(datagram)!
    this.answers.push(message)
    if (message.class !== 'success' || this.#started) return
    this.#started = true
    this.dtls.start(now)
  }

  /** What it has to send, and from where. */
  takeDatagrams(): { readonly datagram: Buffer; readonly path: Path }[] {
    for (const datagram of this.dtls.takeDatagrams()) this.send(datagram)
    return this.#out.splice(0)
  }
}
