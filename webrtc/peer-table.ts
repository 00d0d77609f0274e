import type { MediaPlane } from '#native/media-plane.ts'
import { type Path, pathKey } from '#native/path.ts'
import type { IceGeneration } from './ice-generation.ts'
import { routingUfrag } from './ice-lite.ts'
import type { Peer } from './peer.ts'
import { parseStun } from './stun.ts'

/** How long an ended peer's checks are still answered, with 403, in ms (ICE-70). */
const tombstoneTime = 30_000
/** Paths remembered per peer; its ICE agent knows eight. */
const maxPaths = 8

interface Entry {
  readonly peer: Peer
  /** Ours, of the generations that still count. */
  ufrags: string[]
  readonly paths: string[]
  /** Monotonic ms at which the entry goes, once the peer has ended. */
  removeAt: number
}

/** What drops the checks of everybody else before they come here. */
export type Gate = Pick<MediaPlane, 'expect' | 'forget'>

/**
 * Finds the peer that a STUN or DTLS datagram belongs to: by our ufrag, then by the paths that
 * its authenticated checks have proved (DESIGN §5). Answers nobody else.
 */
export class PeerTable {
  readonly #byUfrag = new Map<string, Entry>()
  readonly #byPath = new Map<string, Entry>()
  readonly #gate: Gate

  constructor(gate: Gate) {
    this.#gate = gate
  }

  /** Peers that live. */
  get size(): number {
    let size = 0
    for (const entry of new Set(this.#byUfrag.values())) if (!entry.peer.end) size++
    return size
  }

  has(ufrag: string): boolean {
    return this.#byUfrag.has(ufrag)
  }

  add(peer: Peer): void {
    const ufrag = peer.ice.localUfrag
    const entry = { peer, ufrags: [ufrag], paths: [], removeAt: Number.POSITIVE_INFINITY }
    this.#byUfrag.set(ufrag, entry)
    this.#gate.expect(ufrag, peer.ice.localPassword)
  }

  /** Restarts the ICE of a peer that lives, which is then found by both of its generations. */
  restart(peer: Peer, generation: IceGeneration, now: number): void {
    const entry = this.#byUfrag.get(peer.ice.localUfrag)
    if (entry?.peer !== peer) return
    peer.ice.restart(generation, now)
    entry.ufrags.push(generation.ufrag)
    this.#byUfrag.set(generation.ufrag, entry)
    this.#gate.expect(generation.ufrag, generation.password)
    this.#forgetRetired(entry, now)
  }

  /** @param datagram borrowed, from anybody, in the range of STUN or DTLS */
  receive(datagram: Buffer, path: Path, now: number): Peer | undefined {
    return datagram[0]! < 4
      ? this.#receiveStun(datagram, path, now)
      : this.#receiveDtls(datagram, path, now)
  }

  /** Forgets generations and ended peers whose time is over. */
  expire(now: number): void {
    for (const [ufrag, entry] of this.#byUfrag) {
      if (!entry.peer.end) {
        if (entry.ufrags.length > 1) this.#forgetRetired(entry, now)
        continue
      }
      if (entry.removeAt === Number.POSITIVE_INFINITY) {
        entry.removeAt = now + tombstoneTime
        this.#forgetPaths(entry)
      } else if (entry.removeAt <= now) {
        this.#remove(ufrag)
      }
    }
  }

  #receiveStun(datagram: Buffer, path: Path, now: number): Peer | undefined {
    const message = parseStun(datagram)
    const ufrag = message && routingUfrag(message)
    const entry = ufrag === undefined ? undefined : this.#byUfrag.get(ufrag)
    if (!message || !entry?.peer.check(message, datagram, path, now)) return undefined
    this.#learn(entry, path)
    return entry.peer
  }

  #receiveDtls(datagram: Buffer, path: Path, now: number): Peer | undefined {
    const entry = this.#byPath.get(pathKey(path))
    entry?.peer.handshake(datagram, now)
    return entry?.peer
  }

  // Only an authenticated check comes here; the newest peer on a path owns it (ICE-63).
  #learn(entry: Entry, path: Path): void {
    const key = pathKey(path)
    if (this.#byPath.get(key) === entry) return
    this.#byPath.set(key, entry)
    const again = entry.paths.indexOf(key)
    if (again >= 0) entry.paths.splice(again, 1)
    entry.paths.push(key)
    if (entry.paths.length > maxPaths) this.#forgetOldest(entry)
  }

  // Never the path in use, however long ago it was learnt: the peer's goodbye comes there.
  #forgetOldest(entry: Entry): void {
    const { selected } = entry.peer.ice
    const inUse = selected && pathKey(selected)
    const [oldest] = entry.paths.splice(entry.paths[0] === inUse ? 1 : 0, 1)
    if (this.#byPath.get(oldest!) === entry) this.#byPath.delete(oldest!)
  }

  #forgetRetired(entry: Entry, now: number): void {
    entry.ufrags = entry.ufrags.filter((ufrag) => {
      const counts = entry.peer.ice.answersTo(ufrag, now)
      if (!counts) this.#remove(ufrag)
      return counts
    })
  }

  #remove(ufrag: string): void {
    this.#byUfrag.delete(ufrag)
    this.#gate.forget(ufrag)
  }

  #forgetPaths(entry: Entry): void {
    for (const key of entry.paths) {
      if (this.#byPath.get(key) === entry) this.#byPath.delete(key)
    }
    entry.paths.length = 0
  }
}
