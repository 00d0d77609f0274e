import type { Clock } from '#core/clock.ts'
import type { MediaPlaneListener, PeerId, ReceivedBatch, TrackId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { Peers } from '#webrtc/peers.ts'
import type { Publication } from './publication.ts'
import type { Viewer } from './viewer.ts'

/** Peers that are other nodes. */
export interface LinkPeers {
  /** @returns whether the check was for one of them */
  check(datagram: Buffer, path: Path): boolean
  media(peer: PeerId, batch: ReceivedBatch): void
  rtcp(peer: PeerId, compound: Buffer): void
}

/** Brings what the media plane announces to whom it concerns. */
export class Dispatcher implements MediaPlaneListener {
  readonly #clock: Clock
  readonly #publications = new Map<PeerId, Publication>()
  readonly #viewers = new Map<PeerId, Viewer>()
  readonly #byTrack = new Map<TrackId, Viewer>()
  #peers: Peers | undefined
  #links: LinkPeers | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Peers need the plane, the plane needs this: so they are introduced last. */
  connect(peers: Peers): void {
    this.#peers = peers
  }

  /** In a cluster. */
  connectLinks(links: LinkPeers): void {
    this.#links = links
  }

  addPublication(publication: Publication): void {
    this.#publications.set(publication.peer, publication)
  }

  removePublication(publication: Publication): void {
    this.#publications.delete(publication.peer)
  }

  addViewer(viewer: Viewer): void {
    this.#viewers.set(viewer.peer, viewer)
    for (const track of viewer.tracks) this.#byTrack.set(track, viewer)
  }

  removeViewer(viewer: Viewer): void {
    this.#viewers.delete(viewer.peer)
    for (const track of viewer.tracks) this.#byTrack.delete(track)
  }

  control(datagram: Buffer, path: Path): void {
    if (!this.#links?.check(datagram, path)) this.#peers?.receive(datagram, path)
  }

  media(peer: PeerId, batch: ReceivedBatch): void {
    const publication = this.#publications.get(peer)
    if (publication) publication.receive(batch)
    else this.#links?.media(peer, batch)
  }

  rtcp(peer: PeerId, compound: Buffer): void {
    const viewer = this.#viewers.get(peer)
    const publication = this.#publications.get(peer)
    if (viewer) viewer.rtcp(compound, this.#clock.now())
    else if (publication) publication.rtcp(compound)
    else this.#links?.rtcp(peer, compound)
  }

  starved(track: TrackId): void {
    this.#byTrack.get(track)?.starved(track, this.#clock.now())
  }

  started(track: TrackId): void {
    this.#byTrack.get(track)?.started(track, this.#clock.now())
  }

  caughtUp(track: TrackId): void {
    this.#byTrack.get(track)?.caughtUp(track, this.#clock.now())
  }

  congested(peer: PeerId, isCongested: boolean): void {
    this.#viewers.get(peer)?.congested(isCongested, this.#clock.now())
  }
}
