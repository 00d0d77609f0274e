import { classify } from '#native/demux.ts'
import type { DropReason, MediaPlaneListener, PlaneStatistics } from '#native/media-plane.ts'
import { type Path, pathKey } from '#native/path.ts'
import type { Slab } from '#native/slab.ts'
import { maxDatagram, type Peer } from './peer.ts'
import type { PeerTable } from './peer-table.ts'
import { StunGate } from './stun-gate.ts'
import type { LocalSocket } from './udp-sockets.ts'

/** Peers on one path that a packet is tried on: NATs reuse ports, and strangers may claim one. */
const maxSharing = 4

/** Sorts what the port receives, decrypts what comes from peers, and announces it. */
export class Incoming {
  readonly #peers: PeerTable
  readonly #listener: MediaPlaneListener
  readonly #now: () => number
  readonly #dropped: Record<DropReason, number> = {
    'unknown-range': 0,
    'unknown-peer': 0,
    'too-short': 0,
    'too-long': 0,
    authentication: 0,
    replayed: 0,
    'unknown-ufrag': 0,
    'bad-integrity': 0,
    'unknown-path': 0,
    'too-often': 0,
  }
  readonly #rtp = { packets: 0, bytes: 0 }
  // One packet a batch: dgram gives no more at a time. Filled anew for each.
  readonly #offsets = new Uint32Array(1)
  readonly #lengths = new Uint16Array(1)
  readonly #arrivedAt = new Float64Array(1)
  readonly #gate = new StunGate()
  #datagrams = 0

  /** @param now monotonic ms */
  constructor(peers: PeerTable, listener: MediaPlaneListener, now: () => number) {
    this.#peers = peers
    this.#listener = listener
    this.#now = now
  }

  get statistics(): Pick<PlaneStatistics, 'datagramsReceived' | 'dropped' | 'received'> {
    return {
      datagramsReceived: this.#datagrams,
      dropped: { ...this.#dropped },
      received: { ...this.#rtp },
    }
  }

  /** Checks of that session are welcome. */
  expect(ufrag: string, password: string): void {
    this.#gate.expect(ufrag, password)
  }

  forget(ufrag: string): void {
    this.#gate.forget(ufrag)
  }

  /** What leaves for that path: DTLS is welcome from where a check is answered. */
  answering(datagram: Buffer, path: Path): void {
    this.#gate.answering(datagram, pathKey(path), this.#now())
  }

  /** @param datagram borrowed */
  receive(datagram: Buffer, address: string, port: number, local: LocalSocket): void {
    this.#datagrams++
    const kind = classify(datagram)
    if (kind === 'drop') {
      this.#dropped['unknown-range']++
    } else if (datagram.length > maxDatagram) {
      this.#dropped['too-long']++
    } else if (kind === 'stun' || kind === 'dtls') {
      this.#receiveControl(kind, datagram, {
        transport: local.transport,
        family: local.family,
        remoteAddress: address,
        remotePort: port,
        localAddress: local.address,
      })
    } else {
      this.#receiveMedia(kind, datagram, address, port, local)
    }
  }

  #receiveControl(kind: 'stun' | 'dtls', datagram: Buffer, path: Path): void {
    const reason = this.#gate.isOpen ? undefined : this.#doubt(kind, datagram, path)
    if (reason) this.#dropped[reason]++
    else this.#listener.control(datagram, path)
  }

  #doubt(kind: 'stun' | 'dtls', datagram: Buffer, path: Path): DropReason | undefined {
    const peer = this.#peers.findOn(path)
    return kind === 'stun'
      ? this.#gate.judgeStun(datagram, peer !== undefined, this.#now())
      : this.#gate.judgeDtls(pathKey(path), peer?.records, this.#now())
  }

  // Several peers may have proved the same path, some of them by a check from an address that is
  // not theirs. Only its keys tell whose a packet is, so nobody takes the packets of another away.
  #receiveMedia(
    kind: 'rtp' | 'rtcp',
    datagram: Buffer,
    address: string,
    port: number,
    local: LocalSocket,
  ): void {
    let failure: DropReason | undefined
    for (let place = 0; place < maxSharing; place++) {
      const peer = this.#peers.find(address, port, local, place)
      if (!peer) break
      // A packet may end the peer: what it proves is noted before anybody hears of it.
      const proves = place > 0 || !peer.proved
      const taken =
        kind === 'rtp'
          ? this.#receiveRtp(peer, datagram, proves)
          : this.#receiveRtcp(peer, datagram, proves)
      if (taken) return
      failure ??= peer.receiver.failure
    }
    this.#dropped[failure ?? 'unknown-peer']++
  }

  #receiveRtp(peer: Peer, datagram: Buffer, proves: boolean): boolean {
    const slab = peer.slab()
    const length = peer.receiver.unprotectRtp(datagram, slab.bytes, peer.used)
    if (length !== undefined) {
      if (proves) this.#peers.prove(peer)
      this.#announce(peer, slab, length)
    }
    // Who sends nothing that anybody keeps, a viewer, holds no memory.
    if (peer.used === 0) peer.close()
    return length !== undefined
  }

  #announce(peer: Peer, slab: Slab, length: number): void {
    this.#rtp.packets++
    this.#rtp.bytes += length
    this.#offsets[0] = peer.used
    this.#lengths[0] = length
    this.#arrivedAt[0] = this.#now()
    const { retentions } = slab
    this.#listener.media(peer.id, {
      count: 1,
      slab,
      offsets: this.#offsets,
      lengths: this.#lengths,
      arrivedAt: this.#arrivedAt,
    })
    // What nobody kept is written over by the next packet. References would not tell: a log that
    // keeps this packet may let go of another one in the same slab.
    if (slab.retentions > retentions) peer.advance(length)
  }

  #receiveRtcp(peer: Peer, datagram: Buffer, proves: boolean): boolean {
    const compound = peer.receiver.unprotectRtcp(datagram)
    if (!compound) return false
    if (proves) this.#peers.prove(peer)
    this.#listener.rtcp(peer.id, compound)
    return true
  }
}
