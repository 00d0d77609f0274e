import type { PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { Peer } from './peer.ts'
import type { LocalSocket } from './udp-sockets.ts'

/** The peers of the plane, by id and by the path their packets come on. */
export class PeerTable {
  readonly #byId = new Map<PeerId, Peer>()
  // By port first: a number costs no string per datagram, and few peers share one.
  readonly #byPort = new Map<number, Peer[]>()

  get(id: PeerId): Peer | undefined {
    return this.#byId.get(id)
  }

  add(peer: Peer): void {
    this.#byId.set(peer.id, peer)
    this.#link(peer)
  }

  move(peer: Peer, path: Path): void {
    this.#unlink(peer)
    peer.path = path
    peer.proved = false
    this.#link(peer)
  }

  remove(peer: Peer): void {
    this.#byId.delete(peer.id)
    this.#unlink(peer)
  }

  /** @param place 0 for the likeliest owner of the path, 1 for the next one */
  find(address: string, port: number, local: LocalSocket, place = 0): Peer | undefined {
    const candidates = this.#byPort.get(port)
    if (!candidates) return undefined
    let left = place
    for (const peer of candidates) {
      const { path } = peer
      if (path.remoteAddress !== address || path.localAddress !== local.address) continue
      if (path.transport !== local.transport) continue
      if (left-- === 0) return peer
    }
    return undefined
  }

  /** The likeliest owner of the path. */
  findOn({ remoteAddress, remotePort, ...path }: Path): Peer | undefined {
    const local = { ...path, address: path.localAddress }
    return this.find(remoteAddress, remotePort, local)
  }

  /** An authentic packet of the peer came on its path: now it is the likeliest owner. */
  prove(peer: Peer): void {
    peer.proved = true
    const sharing = this.#byPort.get(peer.path.remotePort)
    const place = sharing?.indexOf(peer) ?? -1
    if (!sharing || place <= 0) return
    sharing.splice(place, 1)
    sharing.unshift(peer)
  }

  values(): Iterable<Peer> {
    return this.#byId.values()
  }

  // A path belongs to the newest peer on it, as NATs reuse ports (ICE-63); but not before those
  // that packets have come from: a check may be sent from an address that is not the sender's.
  #link(peer: Peer): void {
    const { remotePort } = peer.path
    const others = this.#byPort.get(remotePort)
    if (!others) {
      this.#byPort.set(remotePort, [peer])
      return
    }
    const place = others.findIndex(({ proved }) => !proved)
    others.splice(place < 0 ? others.length : place, 0, peer)
  }

  #unlink(peer: Peer): void {
    const { remotePort } = peer.path
    const left = this.#byPort.get(remotePort)?.filter((other) => other !== peer) ?? []
    if (left.length > 0) this.#byPort.set(remotePort, left)
    else this.#byPort.delete(remotePort)
  }
}
