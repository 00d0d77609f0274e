import type { CreatedSession } from '#control/http/created-session.ts'
import { PendingLimit } from '#control/pending-limit.ts'
import type { StreamDescription } from '#control/registry.ts'
import { ServiceError } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'
import type { Stream } from '#relay/stream.ts'
import type { Streams } from '#relay/streams.ts'
import { recogniseClient } from '#webrtc/clients.ts'
import type { PreparedPeer, Scheduler } from '#webrtc/peers.ts'
import type { LocalTransport } from '#webrtc/sdp/answer.ts'
import { type Offer, parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { offerView } from '#webrtc/sdp/view-offer.ts'
import { readReply } from '#webrtc/sdp/view-reply.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import { offerLifetime, PendingOffers } from './pending-offers.ts'
import { describedWishes, wishesOf } from './stream-wishes.ts'
import { type ViewerPeerServices, ViewerPeers } from './viewer-peers.ts'
import { ViewerSession } from './viewer-session.ts'
import type { InviteRequest, Viewers, WatchRequest } from './whep-routes.ts'

/** Streams that are published at other nodes. */
interface RemoteStreams {
  /**
   * Has the stream come here.
   *
   * @returns undefined where nobody publishes it elsewhere
   */
  join(
    name: StreamName,
  ): { readonly stream: Stream; readonly description: StreamDescription } | undefined
}

export interface ViewerServices extends ViewerPeerServices {
  readonly streams: Streams
  /** In a cluster. */
  readonly remote?: RemoteStreams | undefined
  readonly scheduler: Scheduler
  readonly maxViewers: number
}

/** Seconds after which to ask again for a stream that nobody publishes: short, viewers wait. */
const retryWhenNotLive = 2
/** Seconds after which a full server may have room. */
const retryWhenFull = 5

/** Makes viewers of a stream out of WHEP offers, theirs or ours. */
export class ViewerSessions implements Viewers {
  readonly #services: ViewerServices
  readonly #peers: ViewerPeers
  readonly #pending = new PendingLimit()
  readonly #offers: PendingOffers

  constructor(services: ViewerServices) {
    this.#services = services
    this.#peers = new ViewerPeers(services)
    this.#offers = new PendingOffers(services.scheduler)
  }

  /** Sessions of viewers, connected or about to be. */
  get size(): number {
    return this.#peers.size + this.#offers.size
  }

  watch(request: WatchRequest): CreatedSession {
    const { peers, sessions, extensions } = this.#services
    this.#pending.check(request.address)
    const offer = parseOffer(request.offer)
    const { stream, wishes } = this.#liveStream(request)
    const prepared = peers.prepare(request.address)
    const answered = answerOr406(offer, wishes, prepared.local)
    if (!answered) {
      const session = this.#offer({ request, stream, wishes, prepared })
      const validUntil = this.#services.clock.wall() + offerLifetime
      return { ...session, counterOffer: { validUntil } }
    }
    const { answer, view } = answered
    const session = this.#session(request, prepared, () => {})
    const id = sessions.add(session)
    const links = extensions.opened(id, stream, {
      section: view.video?.section,
      maxHeight: request.principal.maxHeight,
    })
    const client = recogniseClient(request.userAgent, offer)
    this.#peers.open({
      id,
      session,
      stream,
      view,
      client,
      prepared,
      description: answer,
      connected: this.#pending.enter(request.address),
      startedAt: request.receivedAt,
    })
    return { id, answer, etag: session.etag, links }
  }

  invite(request: InviteRequest): CreatedSession {
    this.#pending.check(request.address)
    const live = this.#liveStream(request)
    const prepared = this.#services.peers.prepare(request.address)
    return this.#offer({ request, ...live, prepared })
  }

  /** Ends the sessions of a stream that will not come back. */
  endStream(stream: Stream): void {
    this.#peers.endStream(stream)
    for (const { id } of this.#offers.of(stream)) this.#services.sessions.get(id)?.end()
  }

  #liveStream({ name }: InviteRequest): LiveStream {
    if (this.size >= this.#services.maxViewers) {
      throw new ServiceError('full', 'this node has all the viewers it can serve: try later', {
        retryAfter: retryWhenFull,
      })
    }
    const live = this.#localStream(name) ?? this.#remoteStream(name)
    if (!live) {
      throw new ServiceError('stream-not-live', 'nobody publishes this stream now: ask again', {
        retryAfter: retryWhenNotLive,
      })
    }
    return live
  }

  #localStream(name: StreamName): LiveStream | undefined {
    const stream = this.#services.streams.get(name)
    return stream?.publication && { stream, wishes: wishesOf(stream.publication) }
  }

  #remoteStream(name: StreamName): LiveStream | undefined {
    const found = this.#services.remote?.join(name)
    return found && { stream: found.stream, wishes: describedWishes(found.description) }
  }

  #session(
    { principal }: InviteRequest,
    { local }: PreparedPeer,
    abandoned: () => void,
  ): ViewerSession {
    const { peers, clock } = this.#services
    return new ViewerSession({ principal, etag: `"${local.ufrag}"`, peers, clock, abandoned })
  }

  /** Makes the offer ourselves; until the answer comes there is no more of it than that. */
  #offer({ request, stream, wishes, prepared }: Invitation): CreatedSession {
    const { sessions, extensions, clock } = this.#services
    const { offer, tracks } = offerView(wishes, prepared.local)
    const connected = this.#pending.enter(request.address)
    const session = this.#session(request, prepared, () => {
      connected()
      this.#offers.remove(id)
      sessions.remove(id)
      extensions.ended(id)
    })
    session.answer = (sdp) => {
      const now = clock.now()
      const wanted = stream.publication ? wishesOf(stream.publication) : wishes
      const { view, originUsername } = readReply(sdp, tracks, wanted)
      this.#offers.remove(id)
      const client = recogniseClient(request.userAgent, { originUsername })
      this.#peers.open({
        id,
        session,
        stream,
        view,
        client,
        prepared,
        description: offer,
        connected,
        // What a player does with our offer is not our time.
        startedAt: now,
      })
    }
    const id = sessions.add(session)
    const section = tracks.findIndex(({ kind }) => kind === 'video')
    const links = extensions.opened(id, stream, {
      section: section < 0 ? undefined : section,
      maxHeight: request.principal.maxHeight,
    })
    const expired = () => {
      connected()
      sessions.removeUnanswered(id)
      extensions.ended(id)
    }
    this.#offers.add({ id, stream, expired }, clock.now())
    return { id, answer: offer, etag: session.etag, links }
  }
}

/**
 * @returns undefined where an offer of ours may help: the client can do what we need, but its
 *   offer does not say so (draft-ietf-wish-whep §4.3.2)
 */
function answerOr406(offer: Offer, wanted: ViewWishes, local: LocalTransport) {
  try {
    return answerViewer(offer, wanted, local)
  } catch (error) {
    const helps = wanted.audio !== undefined || wanted.video !== undefined
    if (error instanceof ServiceError && helps) return undefined
    throw error
  }
}

/** A stream that can be watched, and what it is made of. */
interface LiveStream {
  readonly stream: Stream
  readonly wishes: ViewWishes
}

interface Invitation extends LiveStream {
  readonly request: InviteRequest
  readonly prepared: PreparedPeer
}
