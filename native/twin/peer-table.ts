import type { PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { Peer } from './peer.ts'

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
    this.#link(peer)
  }

  remove(peer: Peer): void {
    this.#byId.delete(peer.id)
    this.#unlink(peer)
  }

  find(address: string, port: number, localAddress: string): Peer | undefined {
    const candidates = this.#byPort.get(port)
    if (!candidates) return undefined
    for (const peer of candidates) {
      const { path } = peer
      if (path.remoteAddress === address && path.localAddress === localAddress) return peer
    }
    return undefined
  }

  values(): Iterable<Peer> {
    return this.#byId.values()
  }

  // A path belongs to the newest peer on it: NATs reuse ports (ICE-63).
  #link(peer: Peer): void {
    const { remotePort } = peer.path
    const others = this.#byPort.get(remotePort)
    if (others) others.unshift(peer)
    else this.#byPort.set(remotePort, [peer])
  }

  #unlink(peer: Peer): void {
    const { remotePort } = peer.path
    const left = this.#byPort.get(remotePort)?.filter((other) => other !== peer) ?? []
    if (left.length > 0) this.#byPort.set(remotePort, left)
    else this.#byPort.delete(remotePort)
  }
}
