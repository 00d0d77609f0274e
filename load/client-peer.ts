import type { Machine } from '#core/machine.ts'
import { classify } from '#native/demux.ts'
import { type DtlsOptions, DtlsTransport } from '#webrtc/dtls/dtls-transport.ts'
import { parseStun } from '#webrtc/stun.ts'
import { type Endpoint, IceClient, type IceClientOptions } from './ice-client.ts'
import type { PacketOpener, PacketSealer, SrtpMaker } from './srtp.ts'

/** What a peer hands on. Packets are borrowed: copy what outlives the call. */
export interface PeerListener {
  /**
   * SRTP works in both directions from now on.
   * @param roundTrip to the server, in ms
   */
  connected(srtp: PacketSealer, roundTrip: number, now: number): void
  /**
   * Looks at an SRTP packet, whose header is in the clear.
   * @returns whether to decrypt it for `rtp`
   */
  wantsRtp(datagram: Buffer, now: number): boolean
  /** A plain RTP packet in the first `length` bytes. */
  rtp(packet: Buffer, length: number, now: number): void
  /** A plain RTCP compound. */
  rtcp(compound: Buffer, now: number): void
}

export interface ClientPeerOptions {
  readonly ice: Omit<IceClientOptions, 'send'>
  readonly dtls: DtlsOptions
  readonly listener: PeerListener
  readonly send: (datagram: Buffer, length: number, to: Endpoint) => void
  readonly srtp: SrtpMaker
  /** Room for one packet of `maxDatagram` bytes, which all peers may share. */
  readonly scratch: Buffer
}

/** Longer than any datagram that is read: see `parseStun` and the slots of `SendRing`. */
export const maxDatagram = 2048

/**
 * One client of a server: ICE, DTLS in the role that the answer gave it, SRTP both ways, over one
 * local address. Sans-IO: every `now` is monotonic ms.
 */
export class ClientPeer implements Machine {
  readonly #ice: IceClient
  readonly #dtls: DtlsTransport
  readonly #options: ClientPeerOptions
  #dtlsStarted = false
  #receiver: PacketOpener | undefined
  #iceAt: number | undefined
  #dtlsAt: number | undefined
  #undecryptable = 0

  constructor(options: ClientPeerOptions, now: number) {
    this.#options = options
    const send = (datagram: Buffer, to: Endpoint) => options.send(datagram, datagram.length, to)
    this.#ice = new IceClient({ ...options.ice, send }, now)
    this.#dtls = new DtlsTransport(options.dtls)
    // The server's first flight may overtake its answer to our check.
    if (options.dtls.role === 'server') this.#startDtls(now)
  }

  /** Monotonic ms at which the first check was answered. */
  get iceAt(): number | undefined {
    return this.#iceAt
  }

  /** Monotonic ms at which the SRTP keys were there. */
  get dtlsAt(): number | undefined {
    return this.#dtlsAt
  }

  /** RTP packets that were to be decrypted and whose tag was wrong. */
  get undecryptable(): number {
    return this.#undecryptable
  }

  /** Why the session is over, as failures are counted; undefined while it lives. */
  get end(): string | undefined {
    if (this.#dtls.peerClosed) return closedByServer
    if (this.#dtls.failure) return `dtls ${this.#dtls.failure}`
    return this.#ice.failure && `ice ${this.#ice.failure}`
  }

  get nextTimeout(): number {
    return Math.min(this.#ice.nextTimeout, this.#dtls.nextTimeout)
  }

  poll(now: number): void {
    this.#ice.poll(now)
    this.#dtls.poll(now)
    this.#advance(now)
  }

  receive(datagram: Buffer, from: Endpoint, now: number): void {
    if (datagram.length > maxDatagram) return
    switch (classify(datagram)) {
      case 'stun':
        this.#receiveStun(datagram, from, now)
        break
      case 'dtls':
        this.#dtls.receive(datagram, now)
        this.#advance(now)
        break
      case 'rtp':
        this.#receiveRtp(datagram, now)
        break
      case 'rtcp':
        this.#receiveRtcp(datagram, now)
        break
      case 'drop':
    }
  }

  /** Sends what is protected already to where the peer is. */
  send(datagram: Buffer, length: number): void {
    if (this.#ice.selected) this.#options.send(datagram, length, this.#ice.selected)
  }

  /** Says goodbye; what it has to send leaves at once. */
  close(now: number): void {
    this.#dtls.close(now)
    this.#flush()
  }

  #receiveStun(datagram: Buffer, from: Endpoint, now: number): void {
    const message = parseStun(datagram)
    if (!message) return
    this.#ice.receive(message, datagram, from, now)
    this.#advance(now)
  }

  #receiveRtp(datagram: Buffer, now: number): void {
    const { listener, scratch } = this.#options
    const receiver = this.#receiver
    if (!listener.wantsRtp(datagram, now) || !receiver) return
    const length = receiver.unprotectRtp(datagram, scratch, 0)
    if (length !== undefined) listener.rtp(scratch, length, now)
    else if (receiver.failure === 'authentication') this.#undecryptable++
  }

  #receiveRtcp(datagram: Buffer, now: number): void {
    const compound = this.#receiver?.unprotectRtcp(datagram)
    if (compound) this.#options.listener.rtcp(compound, now)
  }

  #advance(now: number): void {
    if (this.#ice.selected) {
      this.#iceAt ??= now
      if (!this.#dtlsStarted) this.#startDtls(now)
    }
    this.#flush()
    const { keys } = this.#dtls
    if (!keys || this.#receiver) return
    const { srtp } = this.#options
    this.#receiver = srtp.opener(keys.profile, keys.remote)
    this.#dtlsAt = now
    const sender = srtp.sealer(keys.profile, keys.local)
    this.#options.listener.connected(sender, this.#ice.roundTrip, now)
  }

  #startDtls(now: number): void {
    this.#dtlsStarted = true
    this.#dtls.start(now)
  }

  // Until a check is answered there is nowhere to send to; the datagrams wait in the machine.
  #flush(): void {
    if (!this.#ice.selected) return
    for (const datagram of this.#dtls.takeDatagrams()) this.send(datagram, datagram.length)
  }
}

/** A close_notify: only then does OBS connect again (INTEROP IO-26). */
export const closedByServer = 'closed by the server'
