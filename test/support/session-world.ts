import type { CreatedSession } from '#control/http/created-session.ts'
import { principalOf } from '#control/principal.ts'
import { SessionTable } from '#control/sessions.ts'
import { SessionExtensions } from '#edge/session-extensions.ts'
import { ViewerSessions } from '#edge/viewer-sessions.ts'
import { PublisherSessions } from '#ingest/publisher-sessions.ts'
import { Dispatcher } from '#relay/dispatcher.ts'
import { Streams } from '#relay/streams.ts'
import { buildRtp, type RtpHeader } from '#rtp/packet.ts'
import type { Claims } from '#server/cluster/claims.ts'
import { CountingObserver } from '#test/relay/counting-observer.ts'
import { realOffer } from '#test/webrtc/sdp/offers.ts'
import { PeerWorld } from './peer-world.ts'
import { type RemoteOptions, RemotePeer, remoteCertificate, remotePath } from './remote-peer.ts'
import { SlabWriter } from './stored-packets.ts'

export const demo = { tenant: 'default', stream: 'demo' }
const obsAgent = 'Mozilla/5.0 (OBS-Studio/32.2.2; Linux x86_64; en-US)'
const chromiumAgent = 'Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0 Safari/537.36'
export const ffmpegAgent = 'Lavf/63.1.102'
export const obsOffer = asRemote(realOffer('obs-32.2.2/single-layer/post.sdp'))
export const ffmpegOffer = asRemote(realOffer('ffmpeg-9.0.2/default/post.sdp'))
export const viewerOffer = asRemote(realOffer('chromium-156/offer-recvonly.gathered.sdp'))

/** A recorded offer, with the certificate that our remote peers have. */
function asRemote(offer: string): string {
  const { algorithm, value } = remoteCertificate.fingerprint
  return offer.replaceAll(/a=fingerprint:.*\r?\n/g, `a=fingerprint:${algorithm} ${value}\r\n`)
}

interface Ask {
  readonly name?: typeof demo
  readonly offer?: string
  readonly key?: string
  readonly userAgent?: string
  readonly address?: string
  /** Wall ms at which its token expires. */
  readonly expiresAt?: number
}

/** One client: its session, and its transport where it connects. */
export interface Client extends CreatedSession {
  readonly remote: RemotePeer
}

interface WorldOptions {
  readonly maxPublishers?: number
  readonly maxViewers?: number
  /** Told of what is published. */
  readonly claims?: Claims
}

/** Sessions of both kinds over peers in simulated time. */
export class SessionWorld extends PeerWorld {
  readonly streams = new Streams()
  readonly sessions = new SessionTable()
  readonly dispatcher = new Dispatcher(this.clock)
  readonly extensions = new SessionExtensions(this.scheduler, this.clock)
  readonly told: string[] = []
  readonly publishers: PublisherSessions
  readonly viewers: ViewerSessions
  readonly #writer = new SlabWriter()
  #nextPort = 10_000

  constructor({ maxPublishers = 5, maxViewers = 5, claims }: WorldOptions = {}) {
    super()
    const shared = {
      peers: this.peers,
      plane: this.plane,
      streams: this.streams,
      sessions: this.sessions,
      dispatcher: this.dispatcher,
      clock: this.clock,
      relayObserver: new CountingObserver(),
    }
    const tell = (...what: unknown[]) => {
      this.told.push(what.filter((part) => part !== undefined).join(' '))
    }
    this.dispatcher.connect(this.peers)
    this.publishers = new PublisherSessions({
      ...shared,
      scheduler: this.scheduler,
      maxPublishers,
      ownerElsewhere: (name) => claims?.ownerElsewhere(name),
      observer: {
        publishing: (name, publication, owner) => {
          claims?.published(name, publication, owner.id)
          tell('publishing', name.stream, publication.client)
        },
        ended: (name, end, { detail, publication }) => {
          claims?.ended(name, end, publication)
          tell('publisher of', name.stream, end, detail)
        },
      },
    })
    this.viewers = new ViewerSessions({
      ...shared,
      scheduler: this.scheduler,
      extensions: this.extensions,
      maxViewers,
      observer: {
        joined: (stream) => tell('joined', stream.name.stream),
        reached: (_stream, phase, ms) => tell('reached', phase, ms),
        ended: (stream, end, detail) => tell('viewer of', stream.name.stream, end, detail),
      },
    })
  }

  /** What was told since the last call. */
  takeTold(): string[] {
    return this.told.splice(0)
  }

  publish(ask: Ask = {}, options: RemoteOptions = {}): Client {
    const { userAgent = obsAgent, offer = obsOffer, ...rest } = ask
    const session = this.publishers.publish({ ...this.#request(rest), userAgent, offer })
    return this.#client(session, offer, options)
  }

  watch(ask: Ask = {}, options: RemoteOptions = {}): Client {
    const { userAgent = chromiumAgent, offer = viewerOffer, ...rest } = ask
    const session = this.viewers.watch({ ...this.#request(rest), userAgent, offer })
    return this.#client(session, offer, options)
  }

  /** A viewer that asks for an offer of ours, and answers `active` as browsers do. */
  invite({ userAgent = chromiumAgent, ...rest }: Ask = {}): Client {
    const session = this.viewers.invite({ ...this.#request(rest), userAgent })
    return this.#client(session, 'a=setup:active', {})
  }

  /** Lets the newest client connect. */
  connect(client: Client): Client {
    this.add(client.remote)
    this.runUntil(() => client.remote.dtls.state === 'connected')
    this.run(100)
    return client
  }

  /** Gives a peer's packet to the dispatcher, as the plane would. */
  receive(peer: number, header: Partial<RtpHeader>, payload: Buffer): void {
    const packet = buildRtp(
      { ssrc: 1, payloadType: 111, sequenceNumber: 1, timestamp: 1, ...header },
      payload,
    )
    const { slab, offset, length } = this.#writer.write(packet)
    this.dispatcher.media(peer, {
      count: 1,
      slab,
      offsets: Uint32Array.of(offset),
      lengths: Uint16Array.of(length),
      arrivedAt: Float64Array.of(this.now),
    })
  }

  /** Everything that grows with sessions. */
  get sizes() {
    return {
      sessions: this.sessions.size,
      publishers: this.publishers.size,
      viewers: this.viewers.size,
      extended: this.extensions.size,
      peers: this.peers.size,
      machines: this.scheduler.machines.size,
      planePeers: this.plane.peers.size,
      tracks: this.plane.tracks.size,
      logs: this.plane.logs.size,
    }
  }

  #request({ name = demo, key = 'key', address = '192.0.2.9', expiresAt }: Ask) {
    const principal = { ...principalOf(key), ...(expiresAt !== undefined && { expiresAt }) }
    return { name, principal, address, receivedAt: this.now }
  }

  #client(session: CreatedSession, offer: string, options: RemoteOptions): Client {
    const attribute = (name: string) => new RegExp(`a=${name}:(\\S+)`).exec(session.answer)![1]!
    const [, algorithm, value] = /a=fingerprint:(\S+) (\S+)/.exec(session.answer)!
    const ours = {
      ufrag: attribute('ice-ufrag'),
      password: attribute('ice-pwd'),
      fingerprint: { algorithm: algorithm as 'sha-256', value: value! },
    }
    const role = /a=setup:active/.test(offer) ? 'client' : 'server'
    const path = { ...remotePath, remotePort: this.#nextPort++ }
    return { ...session, remote: new RemotePeer(ours, { role, path, ...options }) }
  }
}

/** Nothing is open: only the table of peers is still polled. */
export const nothing = {
  sessions: 0,
  publishers: 0,
  viewers: 0,
  extended: 0,
  peers: 0,
  machines: 1,
  planePeers: 0,
  tracks: 0,
  logs: 0,
}
