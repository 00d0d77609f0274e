import type { Clock } from '#core/clock.ts'
import { isLoopbackAddress } from '#core/loopback.ts'
import type { Machine } from '#core/machine.ts'
import type { MediaPlane, PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import type { DtlsCertificate } from './dtls/certificate.ts'
import { IceGeneration } from './ice-generation.ts'
import { IceLite } from './ice-lite.ts'
import { Peer, type PeerEnd, type PeerListener } from './peer.ts'
import { PeerTable } from './peer-table.ts'
import type { LocalTransport, NegotiatedTransport } from './sdp/answer.ts'
import type { HostCandidate } from './sdp/candidate.ts'
import { parseFragment, writeRestart } from './sdp/fragment.ts'

/** Polls machines when their time has come. */
export interface Scheduler {
  add(machine: Machine): void
  remove(machine: Machine): void
  /** The machine's `nextTimeout` may have moved. */
  changed(machine: Machine): void
}

export interface PeersOptions {
  readonly plane: MediaPlane
  readonly certificate: DtlsCertificate
  readonly candidates: readonly HostCandidate[]
  readonly scheduler: Scheduler
  readonly clock: Clock
}

/** Our end of a peer that does not exist yet: what its answer will say. */
export interface PreparedPeer {
  readonly ice: IceLite
  readonly local: LocalTransport
}

export interface AgreedPeer extends PreparedPeer {
  /** Our SDP, as the client gets it. */
  readonly description: string
  readonly transport: NegotiatedTransport
  readonly srtpProfiles: readonly SrtpProfile[]
  farewell(end: PeerEnd): boolean
  readonly listener: PeerListener
}

/** What answers a fragment that restarts ICE. */
export interface IceRestart {
  /** Our new credentials and our candidates, as a trickle-ice-sdpfrag. */
  readonly fragment: string
  /** Of the new generation. */
  readonly etag: string
}

/** Between two looks at ended peers, in ms. */
const expiryInterval = 1000

/** All peers of this node behind the one media port. */
export class Peers implements Machine {
  readonly #options: PeersOptions
  readonly #table: PeerTable
  readonly #live = new Set<Peer>()
  #nextId: PeerId = 1
  #nextTimeout: number

  constructor(options: PeersOptions) {
    this.#options = options
    this.#table = new PeerTable(options.plane)
    this.#nextTimeout = options.clock.now() + expiryInterval
    options.scheduler.add(this)
  }

  get size(): number {
    return this.#live.size
  }

  /** An id for a peer at the plane that is none of these: of another node. */
  reserveId(): PeerId {
    return this.#nextId++
  }

  /** @param client address that its request came from */
  prepare(client: string): PreparedPeer {
    const { certificate, candidates } = this.#options
    const now = this.#options.clock.now()
    let ice = new IceLite({ now })
    // The ufrag is the routing key of the port, so it must be one of a kind (ICE-12).
    while (this.#table.has(ice.localUfrag)) ice = new IceLite({ now })
    const local = {
      ufrag: ice.localUfrag,
      password: ice.localPassword,
      fingerprint: certificate.fingerprint,
      candidates: candidatesFor(client, candidates),
    }
    return { ice, local }
  }

  /** The answer is about to leave: from now on the peer's checks are welcome. */
  open({ ice, description, transport, srtpProfiles, farewell, listener }: AgreedPeer): Peer {
    const { plane, certificate, scheduler, clock } = this.#options
    ice.expect(clock.now())
    const peer: Peer = new Peer({
      id: this.#nextId++,
      ice,
      description,
      transport,
      certificate,
      srtpProfiles,
      farewell,
      plane,
      listener: {
        reachable: () => listener.reachable(),
        secured: () => listener.secured(),
        earlyMediaLost: () => listener.earlyMediaLost(),
        ended: (end) => {
          this.#live.delete(peer)
          scheduler.remove(peer)
          listener.ended(end)
        },
      },
    })
    this.#live.add(peer)
    this.#table.add(peer)
    scheduler.add(peer)
    return peer
  }

  /**
   * Takes a fragment of the peer. Its candidates are of no use to a lite agent, which learns
   * addresses from the checks themselves (RFC 8445 §7.3); new credentials restart ICE.
   *
   * @throws ServiceError `malformed-sdp`, `precondition-failed` or `rate-limited`; the peer is then
   *   as before
   */
  patch(peer: Peer, sdpfrag: string): IceRestart | undefined {
    const now = this.#options.clock.now()
    const fragment = parseFragment(sdpfrag)
    if (peer.end || !peer.remoteIce.restartedBy(fragment, now)) return undefined
    let generation = new IceGeneration()
    while (this.#table.has(generation.ufrag)) generation = new IceGeneration()
    this.#table.restart(peer, generation, now)
    this.#options.scheduler.changed(peer)
    return { fragment: writeRestart(peer.restartFrame, generation), etag: peer.etag }
  }

  /** @param datagram in the range of STUN or DTLS, from anybody; borrowed */
  receive(datagram: Buffer, path: Path): void {
    const peer = this.#table.receive(datagram, path, this.#options.clock.now())
    if (peer) this.#options.scheduler.changed(peer)
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    this.#nextTimeout = now + expiryInterval
    this.#table.expire(now)
  }

  closeAll(end: PeerEnd): void {
    const now = this.#options.clock.now()
    for (const peer of this.#live) peer.close(end, now)
  }
}

/**
 * Loopback is announced to clients on this machine only. Elsewhere it is of no use, and costs: a
 * browser checks its pairs in turn, 50 ms apart, so each vain one delays the right one.
 */
function candidatesFor(client: string, all: readonly HostCandidate[]): readonly HostCandidate[] {
  if (isLoopbackAddress(client)) return all
  const reachable = all.filter(({ address }) => !isLoopbackAddress(address))
  return reachable.length > 0 ? reachable : all
}
