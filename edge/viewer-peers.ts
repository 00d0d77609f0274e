import type { SessionTable } from '#control/sessions.ts'
import type { Clock } from '#core/clock.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Dispatcher } from '#relay/dispatcher.ts'
import { JoinTimes } from '#relay/join-times.ts'
import type { RelayObserver } from '#relay/observer.ts'
import type { Stream } from '#relay/stream.ts'
import type { JoinPhase } from '#relay/stream-status.ts'
import { Viewer } from '#relay/viewer.ts'
import type { ClientTraits } from '#webrtc/clients.ts'
import type { Peer, PeerEnd } from '#webrtc/peer.ts'
import type { Peers, PreparedPeer } from '#webrtc/peers.ts'
import type { NegotiatedView } from '#webrtc/sdp/viewed-track.ts'
import type { SessionExtensions } from './session-extensions.ts'
import type { ViewerSession } from './viewer-session.ts'

/** What becomes of viewers, for log and metrics. */
export interface ViewerObserver {
  joined(stream: Stream): void
  reached(stream: Stream, phase: JoinPhase, ms: number): void
  /** @param detail why the handshake failed, if that ended it */
  ended(stream: Stream, end: PeerEnd, detail: string | undefined): void
}

export interface ViewerPeerServices {
  readonly peers: Peers
  readonly plane: MediaPlane
  readonly sessions: SessionTable
  readonly dispatcher: Dispatcher
  readonly extensions: SessionExtensions
  readonly clock: Clock
  readonly observer: ViewerObserver
  readonly relayObserver: RelayObserver
}

export interface Joining {
  /** Of the session. */
  readonly id: string
  readonly session: ViewerSession
  readonly stream: Stream
  readonly view: NegotiatedView
  readonly client: ClientTraits
  readonly prepared: PreparedPeer
  /** Our SDP. */
  readonly description: string
  /** To be called when its peer is there, or will not come. */
  connected(): void
  /** Monotonic ms from which its join counts. */
  readonly startedAt: number
}

/** The peers of viewers, from the end of their negotiation to their own. */
export class ViewerPeers {
  readonly #services: ViewerPeerServices
  readonly #peers = new Map<Peer, Stream>()

  constructor(services: ViewerPeerServices) {
    this.#services = services
  }

  /** Connected or about to be. */
  get size(): number {
    return this.#peers.size
  }

  endStream(stream: Stream): void {
    const now = this.#services.clock.now()
    for (const [peer, watched] of this.#peers) {
      if (watched === stream) peer.close('stream-ended', now)
    }
  }

  /** Offer and answer are exchanged, whoever made the offer: the viewer may come. */
  open(joining: Joining): void {
    const { peers, sessions, extensions, clock, observer } = this.#services
    const { id, session, stream, view, client, prepared, connected } = joining
    const joinTimes = new JoinTimes(joining.startedAt, (phase, ms) => {
      stream.joins.reached(phase, ms)
      observer.reached(stream, phase, ms)
    })
    let viewer: Viewer | undefined
    const peer: Peer = peers.open({
      ...prepared,
      description: joining.description,
      transport: view.transport,
      srtpProfiles: client.srtpProfiles,
      farewell: () => client.closeNotify,
      listener: {
        reachable: () => joinTimes.reached('stun', clock.now()),
        secured: () => {
          connected()
          joinTimes.reached('dtls', clock.now())
          viewer = this.#secured(peer, view, stream, joinTimes)
          extensions.joined(id, viewer)
        },
        earlyMediaLost: () => viewer?.earlyMediaLost(clock.now()),
        ended: (end) => {
          connected()
          sessions.remove(id, end)
          extensions.ended(id)
          this.#peers.delete(peer)
          if (viewer) this.#leave(viewer, stream)
          observer.ended(stream, end, peer.handshakeFailure)
        },
      },
    })
    session.connect(peer)
    this.#peers.set(peer, stream)
    joinTimes.reached('answer', clock.now())
  }

  #secured(peer: Peer, view: NegotiatedView, stream: Stream, joinTimes: JoinTimes): Viewer {
    const { plane, dispatcher, observer, relayObserver, clock } = this.#services
    const viewer = new Viewer(peer.id, view, { plane, observer: relayObserver }, joinTimes)
    dispatcher.addViewer(viewer)
    stream.join(viewer, clock.now())
    observer.joined(stream)
    return viewer
  }

  #leave(viewer: Viewer, stream: Stream): void {
    this.#services.dispatcher.removeViewer(viewer)
    stream.leave(viewer)
  }
}
