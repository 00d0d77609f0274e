import { classify } from '#native/demux.ts'
import type { DropReason, MediaPlaneListener, PlaneStatistics } from '#native/media-plane.ts'
import { maxDatagram, type Peer } from './peer.ts'
import type { PeerTable } from './peer-table.ts'
import type { LocalSocket } from './udp-sockets.ts'

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
  }
  readonly #rtp = { packets: 0, bytes: 0 }
  // One packet a batch: dgram gives no more at a time. Filled anew for each.
  readonly #offsets = new Uint32Array(1)
  readonly #lengths = new Uint16Array(1)
  readonly #arrivedAt = new Float64Array(1)
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

  /** @param datagram borrowed */
  receive(datagram: Buffer, address: string, port: number, local: LocalSocket): void {
    this.#datagrams++
    const kind = classify(datagram)
    if (kind === 'drop') {
      this.#dropped['unknown-range']++
    } else if (datagram.length > maxDatagram) {
      this.#dropped['too-long']++
    } else if (kind === 'stun' || kind === 'dtls') {
      this.#listener.control(datagram, {
        family: local.family,
        remoteAddress: address,
        remotePort: port,
        localAddress: local.address,
      })
    } else {
      const peer = this.#peers.find(address, port, local.address)
      if (!peer) this.#dropped['unknown-peer']++
      else if (kind === 'rtp') this.#receiveRtp(peer, datagram)
      else this.#receiveRtcp(peer, datagram)
    }
  }

  #receiveRtp(peer: Peer, datagram: Buffer): void {
    const slab = peer.slab()
    const length = peer.receiver.unprotectRtp(datagram, slab.bytes, peer.used)
    if (length === undefined) {
      this.#dropped[peer.receiver.failure]++
      return
    }
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

  #receiveRtcp(peer: Peer, datagram: Buffer): void {
    const compound = peer.receiver.unprotectRtcp(datagram)
    if (compound) this.#listener.rtcp(peer.id, compound)
    else this.#dropped[peer.receiver.failure]++
  }
}
