import type { CreatedSession } from '#control/http/created-session.ts'
import { PendingLimit } from '#control/pending-limit.ts'
import type { SessionTable } from '#control/sessions.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Dispatcher } from '#relay/dispatcher.ts'
import { JoinTimes } from '#relay/join-times.ts'
import type { RelayObserver } from '#relay/observer.ts'
import type { Publication } from '#relay/publication.ts'
import type { Stream } from '#relay/stream.ts'
import type { JoinPhase } from '#relay/stream-status.ts'
import type { Streams } from '#relay/streams.ts'
import { Viewer } from '#relay/viewer.ts'
import { recogniseClient } from '#webrtc/clients.ts'
import type { Peer, PeerEnd } from '#webrtc/peer.ts'
import type { Peers } from '#webrtc/peers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import type { NegotiatedView, ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import type { Viewers, WatchRequest } from './whep-routes.ts'

/** What becomes of viewers, for log and metrics. */
export interface ViewerObserver {
  joined(stream: Stream): void
  reached(stream: Stream, phase: JoinPhase, ms: number): void
  /** @param detail why the handshake failed, if that ended it */
  ended(stream: Stream, end: PeerEnd, detail: string | undefined): void
}

export interface ViewerServices {
  readonly peers: Peers
  readonly plane: MediaPlane
  readonly streams: Streams
  readonly sessions: SessionTable
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly observer: ViewerObserver
  readonly relayObserver: RelayObserver
  readonly maxViewers: number
}

/** Seconds after which to ask again for a stream that nobody publishes: short, viewers wait. */
const retryWhenNotLive = 2
/** Seconds after which a full server may have room. */
const retryWhenFull = 5

/** Makes viewers of a stream out of WHEP offers. */
export class ViewerSessions implements Viewers {
  readonly #services: ViewerServices
  readonly #peers = new Map<Peer, Stream>()
  readonly #pending = new PendingLimit()

  constructor(services: ViewerServices) {
    this.#services = services
  }

  /** Sessions of viewers, connected or about to be. */
  get size(): number {
    return this.#peers.size
  }

  watch(request: WatchRequest): CreatedSession {
    const { peers, streams, sessions, clock, observer, maxViewers } = this.#services
    const { name, principal, offer, userAgent, address, receivedAt } = request
    this.#pending.check(address)
    const parsed = parseOffer(offer)
    const stream = streams.get(name)
    if (!stream?.publication) {
      throw new ServiceError('stream-not-live', 'nobody publishes this stream now: ask again', {
        retryAfter: retryWhenNotLive,
      })
    }
    if (this.#peers.size >= maxViewers) {
      throw new ServiceError('full', 'this node has all the viewers it can serve: try later', {
        retryAfter: retryWhenFull,
      })
    }
    const prepared = peers.prepare(address)
    const { answer, view } = answerViewer(parsed, wishes(stream.publication), prepared.local)
    const client = recogniseClient(userAgent, parsed)
    const joinTimes = new JoinTimes(receivedAt, (phase, ms) => {
      stream.joins.reached(phase, ms)
      observer.reached(stream, phase, ms)
    })
    let viewer: Viewer | undefined
    const connected = this.#pending.enter(address)
    const id = sessions.add({
      principal,
      get etag() {
        return peer.etag
      },
      get restarted() {
        return peer.restarted
      },
      patch: (fragment) => peers.patch(peer, fragment),
      expire: () => peer.close('token-expired', clock.now()),
      end: () => peer.close('deleted', clock.now()),
    })
    const peer: Peer = peers.open({
      ...prepared,
      description: answer,
      transport: view.transport,
      srtpProfiles: client.srtpProfiles,
      farewell: () => client.closeNotify,
      listener: {
        reachable: () => joinTimes.reached('stun', clock.now()),
        secured: () => {
          connected()
          joinTimes.reached('dtls', clock.now())
          viewer = this.#secured(peer, view, stream, joinTimes)
        },
        earlyMediaLost: () => viewer?.earlyMediaLost(clock.now()),
        ended: (end) => {
          connected()
          sessions.remove(id)
          this.#peers.delete(peer)
          if (viewer) this.#leave(viewer, stream)
          observer.ended(stream, end, peer.handshakeFailure)
        },
      },
    })
    this.#peers.set(peer, stream)
    joinTimes.reached('answer', clock.now())
    return { id, answer, etag: peer.etag }
  }

  /** Ends the sessions of a stream that will not come back. */
  endStream(stream: Stream): void {
    const now = this.#services.clock.now()
    for (const [peer, watched] of this.#peers) {
      if (watched === stream) peer.close('stream-ended', now)
    }
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

/** What the stream is made of, by what its packets say rather than what its offer said. */
function wishes({ audio, video, format }: Publication): ViewWishes {
  const profile = video?.inspector?.facts.profile ?? format.video?.profile
  return {
    ...(audio && { audio: { codec: audio.codec } }),
    ...(video && {
      video: {
        codec: video.codec,
        ...(profile !== undefined &&
          (video.codec === 'H264' ? { profileLevelId: profile } : { profileId: profile })),
      },
    }),
  }
}
