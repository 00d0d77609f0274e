import type { CreatedSession } from '#control/http/created-session.ts'
import type { Principal } from '#control/principal.ts'
import type { SessionTable } from '#control/sessions.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Dispatcher } from '#relay/dispatcher.ts'
import type { RelayObserver } from '#relay/observer.ts'
import { Publication, type PublisherTraits } from '#relay/publication.ts'
import type { Stream } from '#relay/stream.ts'
import type { Streams } from '#relay/streams.ts'
import { recogniseClient } from '#webrtc/clients.ts'
import type { Peer, PeerEnd } from '#webrtc/peer.ts'
import type { Peers, Scheduler } from '#webrtc/peers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher, type NegotiatedPublication } from '#webrtc/sdp/publish-answer.ts'
import type { Publishers, PublishRequest } from './whip-routes.ts'

/** What becomes of publishers, for log and metrics. */
export interface PublisherObserver {
  publishing(name: StreamName, publication: Publication, owner: Principal): void
  ended(name: StreamName, end: PeerEnd, facts: EndedPublisher): void
}

interface EndedPublisher {
  /** Why the handshake failed, if that ended it. */
  readonly detail: string | undefined
  /** Absent where its media never came. */
  readonly publication: Publication | undefined
}

export interface PublisherServices {
  readonly peers: Peers
  readonly plane: MediaPlane
  readonly streams: Streams
  readonly sessions: SessionTable
  readonly dispatcher: Dispatcher
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly observer: PublisherObserver
  readonly relayObserver: RelayObserver
  readonly maxPublishers: number
  /** Id of the principal that publishes under this name at another node, if anybody does. */
  ownerElsewhere?(name: StreamName): string | undefined
}

/** One WHIP session, from its POST to its end. */
interface PublisherSession {
  readonly principal: Principal
  readonly name: StreamName
  /** Once its media can come. */
  stream: Stream | undefined
  peer: Peer | undefined
  publication: Publication | undefined
}

/** Its ends by which another publisher has the stream now, here or on another node. */
const takeovers: ReadonlySet<PeerEnd> = new Set(['replaced', 'claim-lost'])

/** Seconds after which a full server may have room. */
const retryWhenFull = 5

/**
 * Makes publications out of WHIP offers. A stream has one owner: the same key takes over, and
 * the old publisher is told when the new one's media is about to come, so that viewers miss as
 * little as possible; another key is refused.
 */
export class PublisherSessions implements Publishers {
  readonly #services: PublisherServices
  readonly #byStream = new Map<string, Set<PublisherSession>>()
  #count = 0

  constructor(services: PublisherServices) {
    this.#services = services
  }

  /** Sessions of publishers, connected or about to be. */
  get size(): number {
    return this.#count
  }

  publish({ name, principal, offer, userAgent, address }: PublishRequest): CreatedSession {
    const { peers, streams, sessions, clock, maxPublishers } = this.#services
    const parsed = parseOffer(offer)
    for (const rival of this.#byStream.get(streamKey(name)) ?? []) {
      if (rival.principal.id !== principal.id) throw taken()
    }
    if ((this.#services.ownerElsewhere?.(name) ?? principal.id) !== principal.id) throw taken()
    const prepared = peers.prepare(address)
    const { answer, publication } = answerPublisher(parsed, prepared.local)
    if (this.#count >= maxPublishers || !streams.open(name, clock.now(), clock.wall())) {
      throw new ServiceError('full', 'this node has all the publishers it can take: try later', {
        retryAfter: retryWhenFull,
      })
    }
    const client = recogniseClient(userAgent, parsed)
    const session: PublisherSession = {
      principal,
      name,
      stream: undefined,
      peer: undefined,
      publication: undefined,
    }
    const id = sessions.add({
      principal,
      get etag() {
        return peer.etag
      },
      get restarted() {
        return peer.restarted
      },
      patch: (fragment) => peers.patch(peer, fragment),
      // No `expire`: a broadcast under way outlives its token, which had to be good at its start
      // (SEC-7). An hour's token must not end a two hours' show.
      end: () => peer.close('deleted', clock.now()),
    })
    const traits: PublisherTraits = {
      client: client.kind,
      keyframeAnswers: client.answersKeyframeRequests,
      nackHigherLayers: client.nackHigherLayers,
    }
    this.#remember(session)
    const peer = peers.open({
      ...prepared,
      description: answer,
      transport: publication.transport,
      srtpProfiles: client.srtpProfiles,
      // Told that another has taken over, OBS would take the stream back, and so on for ever.
      farewell: (end) => client.closeNotify && !(takeovers.has(end) && client.returnsAfterClose),
      listener: {
        reachable: () => {},
        secured: () => this.#secured(session, publication, traits),
        earlyMediaLost: () => {},
        ended: (end) => {
          sessions.remove(id, end)
          this.#ended(session, end)
        },
      },
    })
    session.peer = peer
    return { id, answer, etag: peer.etag }
  }

  /** Ends who publishes the stream here, since another node has a newer publisher. Viewers stay. */
  giveUp(name: StreamName): void {
    this.#endPublishing(name, 'claim-lost')
  }

  #endPublishing(name: StreamName, end: PeerEnd, except?: PublisherSession): void {
    const now = this.#services.clock.now()
    for (const session of this.#byStream.get(streamKey(name)) ?? []) {
      if (session !== except && session.publication) session.peer?.close(end, now)
    }
  }

  #secured(
    session: PublisherSession,
    format: NegotiatedPublication,
    traits: PublisherTraits,
  ): void {
    const { plane, streams, clock, dispatcher, scheduler, observer } = this.#services
    const now = clock.now()
    const peer = session.peer!
    // Not the one of the POST: that may have been forgotten while the peer was on its way.
    const stream = streams.open(session.name, now, clock.wall())
    if (!stream) {
      peer.close('stream-ended', now)
      return
    }
    this.#endPublishing(session.name, 'replaced', session)
    const publication = new Publication(peer.id, format, traits, {
      plane,
      clock,
      observer: this.#services.relayObserver,
      listener: {
        keyframe: (layer) => stream.keyframe(layer, clock.now()),
        offered: (at) => stream.fit(at),
        alive: (at) => peer.ice.heard(at),
      },
    })
    session.stream = stream
    session.publication = publication
    dispatcher.addPublication(publication)
    scheduler.add(publication)
    stream.publish(publication, now, clock.wall())
    observer.publishing(session.name, publication, session.principal)
  }

  #ended(session: PublisherSession, end: PeerEnd): void {
    const { clock, dispatcher, scheduler, observer } = this.#services
    const { stream, publication } = session
    this.#forget(session)
    if (stream && publication) {
      dispatcher.removePublication(publication)
      scheduler.remove(publication)
      stream.unpublish(publication, clock.now(), clock.wall())
    }
    observer.ended(session.name, end, { detail: session.peer?.handshakeFailure, publication })
  }

  #remember(session: PublisherSession): void {
    const key = streamKey(session.name)
    const sessions = this.#byStream.get(key) ?? new Set()
    this.#byStream.set(key, sessions.add(session))
    this.#count++
  }

  #forget(session: PublisherSession): void {
    const key = streamKey(session.name)
    const sessions = this.#byStream.get(key)
    if (!sessions?.delete(session)) return
    this.#count--
    if (sessions.size === 0) this.#byStream.delete(key)
  }
}

function taken(): ServiceError {
  return new ServiceError('stream-taken', 'another key publishes under this name: choose another')
}
