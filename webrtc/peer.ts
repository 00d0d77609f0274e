import type { Machine } from '#core/machine.ts'
import type { MediaPlane, PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import type { DtlsCertificate } from './dtls/certificate.ts'
import { DtlsTransport } from './dtls/dtls-transport.ts'
import type { IceLite } from './ice-lite.ts'
import { RemoteIce } from './remote-ice.ts'
import type { NegotiatedTransport } from './sdp/answer.ts'
import { type RestartFrame, restartFrame } from './sdp/fragment.ts'
import type { StunMessage } from './stun.ts'

/** Why a peer is gone. */
export type PeerEnd =
  | 'never-connected'
  | 'handshake-failed'
  | 'consent-expired'
  | 'closed-by-peer'
  | 'deleted'
  | 'replaced'
  /** Another node has a newer publisher of its stream. */
  | 'claim-lost'
  | 'stream-ended'
  | 'token-expired'
  | 'shutdown'

/** What a peer tells its session. */
export interface PeerListener {
  /** The first authenticated check has come: there is a way to the peer. */
  reachable(): void
  /** Keys are there and the plane knows the peer: media may leave. */
  secured(): void
  /** The peer most likely threw away what was sent before its handshake was done. */
  earlyMediaLost(): void
  /** Called once; the plane has forgotten the peer. */
  ended(end: PeerEnd): void
}

export interface PeerOptions {
  readonly id: PeerId
  readonly ice: IceLite
  /** Our side of the SDP that began it. */
  readonly description: string
  readonly transport: NegotiatedTransport
  readonly certificate: DtlsCertificate
  readonly srtpProfiles: readonly SrtpProfile[]
  /** Whether this end is told, or kept silent about: silence is what ends some programs. */
  farewell(end: PeerEnd): boolean
  readonly plane: MediaPlane
  readonly listener: PeerListener
}

/**
 * One WebRTC association: ICE finds the path, DTLS agrees on the keys, the media plane gets
 * both. DTLS is answered on the first authenticated path, before nomination (DESIGN §5).
 */
export class Peer implements Machine {
  readonly id: PeerId
  readonly ice: IceLite
  readonly remoteIce: RemoteIce
  /** What its restarts repeat of our SDP. */
  readonly restartFrame: RestartFrame
  readonly #dtls: DtlsTransport
  readonly #plane: MediaPlane
  readonly #listener: PeerListener
  readonly #farewell: (end: PeerEnd) => boolean
  #path: Path | undefined
  #secured = false
  #connected = false
  #end: PeerEnd | undefined

  constructor(options: PeerOptions) {
    this.id = options.id
    this.ice = options.ice
    this.remoteIce = new RemoteIce({
      ufrag: options.transport.remoteUfrag,
      password: options.transport.remotePassword,
    })
    this.restartFrame = restartFrame(options.description)
    this.#plane = options.plane
    this.#listener = options.listener
    this.#farewell = (end) => options.farewell(end)
    this.#dtls = new DtlsTransport({
      role: options.transport.dtlsRole,
      certificate: options.certificate,
      remoteFingerprints: options.transport.remoteFingerprints,
      srtpProfiles: options.srtpProfiles,
    })
  }

  /** Why it ended; undefined while it lives. */
  get end(): PeerEnd | undefined {
    return this.#end
  }

  /** Strong entity tag of its ICE generation, quotes included (RFC 9725 §4.3.1). */
  get etag(): string {
    return `"${this.ice.localUfrag}"`
  }

  /** Whether it has had more than one ICE generation. */
  get restarted(): boolean {
    return this.ice.restarted
  }

  /** Why the handshake failed, for the log. */
  get handshakeFailure(): string | undefined {
    return this.#dtls.failure
  }

  get secured(): boolean {
    return this.#secured
  }

  get nextTimeout(): number {
    if (this.#end) return Number.POSITIVE_INFINITY
    return Math.min(this.ice.nextTimeout, this.#dtls.nextTimeout)
  }

  /** A Binding request for our ufrag. @returns true when `path` is now proved the peer's */
  check(message: StunMessage, datagram: Buffer, path: Path, now: number): boolean {
    if (this.#end && !this.#farewell(this.#end)) return false
    const reaction = this.ice.receive(message, datagram, path, now)
    if (reaction.kind === 'drop') return false
    this.#plane.sendControl(reaction.datagram, path)
    if (this.#end || !this.ice.selected) return false
    this.#follow(this.ice.selected, now)
    return this.ice.verified(path)
  }

  /** A DTLS datagram on one of the peer's proved paths. */
  handshake(datagram: Buffer, now: number): void {
    if (this.#end) return
    this.#dtls.receive(datagram, now)
    this.#advance(now)
  }

  poll(now: number): void {
    if (this.#end) return
    if (this.ice.expired(now)) {
      this.close(this.#path ? 'consent-expired' : 'never-connected', now)
      return
    }
    this.#dtls.poll(now)
    this.#advance(now)
  }

  /** Tells the peer, unless it is the one who ended it, and forgets it. Idempotent. */
  close(end: PeerEnd, now: number): void {
    if (this.#end) return
    this.#end = end
    // Checks that still come are answered with 403: a lost close_notify is not the last word.
    this.ice.revoke(now)
    if (end !== 'closed-by-peer' && this.#farewell(end)) {
      this.#dtls.close(now)
      this.#flush()
    }
    this.#plane.removePeer(this.id)
    this.#listener.ended(end)
  }

  #follow(path: Path, now: number): void {
    const first = this.#path === undefined
    const moved = path !== this.#path
    this.#path = path
    if (first) {
      this.#listener.reachable()
      this.#dtls.start(now)
      this.#advance(now)
    } else if (moved && this.#secured) {
      this.#plane.movePeer(this.id, path)
    }
  }

  #advance(now: number): void {
    this.#flush()
    const { keys, state } = this.#dtls
    if (state === 'failed') {
      this.close('handshake-failed', now)
      return
    }
    if (keys && !this.#secured) {
      this.#secured = true
      this.#plane.addPeer(this.id, keys, this.#path!)
      this.#listener.secured()
    }
    if (state === 'connected' && !this.#connected) {
      this.#connected = true
      if (this.#dtls.earlyMediaLost) this.#listener.earlyMediaLost()
    }
    if (this.#dtls.peerClosed) this.close('closed-by-peer', now)
  }

  #flush(): void {
    for (const datagram of this.#dtls.takeDatagrams()) {
      if (this.#path) this.#plane.sendControl(datagram, this.#path)
    }
  }
}
