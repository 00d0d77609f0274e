import type { LinkClosed } from '#control/link-protocol/control-channel.ts'
import { ParentLink } from '#control/link-protocol/parent-link.ts'
import { freshLinkKeys, srtpKeysOf } from '#control/messages/link-keys.ts'
import { faultOfOwn, type MessageOf, type SubscriptionMessage } from '#control/messages.ts'
import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { MediaPlane, PeerId, TrackId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { RtcpBudget } from '#relay/rtcp-budget.ts'
import type { Stream } from '#relay/stream.ts'
import { compound, readRtcp } from '#rtp/rtcp/compound.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { IceLite } from '#webrtc/ice-lite.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import type { StunMessage } from '#webrtc/stun.ts'
import type { FeedLink, Refusal } from './feed-link.ts'
import { type Granted, LinkFeed } from './link-feed.ts'
import { pump, type Wire } from './wire.ts'

/** What a node that is asked for a stream answers. */
export type Grant = Granted | { readonly refused: Refusal }

export interface DownlinkOptions {
  readonly node: string
  readonly incarnation: number
  /** The node that its token proved. */
  readonly child: string
  /** Reserved for it at the media plane. */
  readonly peer: PeerId
  readonly plane: MediaPlane
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Where the media port may be reached. */
  readonly media: MessageOf<'welcome'>['media']
  /** A token that answers the child's. */
  token(): Promise<string>
  grant(asked: MessageOf<'subscribe'>): Grant
  /** One more or one fewer gets the stream. */
  recounted(stream: Stream): void
  /** The child is welcome. @param version of the protocol, as agreed */
  opened(version: number): void
  /** @param closed undefined where the other side closed the connection */
  ended(closed: LinkClosed | undefined): void
}

/** RTCP that a child may send in a second: a NACK per stream and 10 ms, for some hundred streams. */
const mostRtcpPerSecond = 20_000

/** A child of this node: its control connection, its place at the plane, and what it gets. */
export class Downlink implements Machine, FeedLink {
  readonly child: string
  readonly runs = new Map<number, TrackId>()
  readonly #options: DownlinkOptions
  readonly #wire: Wire
  readonly #link: ParentLink
  readonly #keys = freshLinkKeys()
  readonly #ice: IceLite
  readonly #feeds = new Map<number, LinkFeed>()
  readonly #rtcpBudget = new RtcpBudget(mostRtcpPerSecond)
  #isReady = false
  #ended = false

  constructor(options: DownlinkOptions, wire: Wire) {
    const { node, incarnation, child, clock, plane, scheduler } = options
    const now = clock.now()
    this.child = child
    this.#options = options
    this.#wire = wire
    this.#link = new ParentLink({ node, incarnation, child }, now)
    this.#ice = new IceLite({ now, consentTimeout: Number.POSITIVE_INFINITY })
    plane.expect(this.#ice.localUfrag, this.#ice.localPassword)
    scheduler.add(this)
  }

  /** By which checks for it are found. */
  get ufrag(): string {
    return this.#ice.localUfrag
  }

  get peerId(): PeerId {
    return this.#options.peer
  }

  get provedPeer(): PeerId | undefined {
    return this.#isReady ? this.#options.peer : undefined
  }

  get streams(): number {
    return this.#feeds.size
  }

  text(text: string): void {
    if (this.#ended) return
    const event = this.#link.receive(text, this.#now())
    if (event?.kind === 'hello') void this.#welcome(event.version)
    if (event?.kind === 'asked') this.#asked(event.message)
    this.#act()
  }

  /** The WebSocket is closed. */
  closed(): void {
    this.#end(this.#link.closed)
  }

  /** @param message that names our ufrag and passed the plane's check; its `datagram` is borrowed */
  check(message: StunMessage, datagram: Buffer, path: Path): void {
    if (this.#ended) return
    const { plane } = this.#options
    const reaction = this.#ice.receive(message, datagram, path, this.#now())
    if (reaction.kind !== 'reply') return
    plane.sendControl(reaction.datagram, path)
    const { selected } = this.#ice
    if (!this.#isReady && selected) this.#ready(selected)
    else if (reaction.nominated && selected) plane.movePeer(this.#options.peer, selected)
    // The answer to a check does not reach the child, whose plane lets none in: this does.
    plane.sendRtcp(this.#options.peer, compound(writeReceiverReport(0, [])))
  }

  /** @param packets decrypted, from the child */
  rtcp(packets: Buffer): void {
    const now = this.#now()
    this.#link.heardMedia(now)
    if (!this.#rtcpBudget.allows(now)) return
    for (const packet of readRtcp(packets)) {
      if (packet.kind !== 'nack') continue
      const track = this.runs.get(packet.media)
      if (track !== undefined) this.#options.plane.retransmit(track, packet.lost)
    }
  }

  nextSsrc(): number | undefined {
    return this.#link.ssrcs.next()
  }

  // What a publisher says of itself is in it. What cannot be told ends this subscription here; there
  // it would end the link, and with it the streams of everybody.
  tell(message: SubscriptionMessage): void {
    const fault = faultOfOwn(message)
    if (fault !== undefined) {
      const text = `cannot be told: "${message.type}" ${fault}`.slice(0, 256)
      this.refuse(message.subscription, { reason: 'unknown-stream', text })
      return
    }
    this.#link.tell(message, this.#now())
    this.#act()
  }

  refuse(subscription: number, refusal: Refusal): void {
    this.#free(subscription)
    this.#link.refuse({ subscription, ...refusal }, this.#now())
    this.#act()
  }

  exhausted(): void {
    this.#link.refuse({ reason: 'exhausted', text: 'the keys have no SSRC left' }, this.#now())
    this.#act()
  }

  /** This node goes: the child is told where to. */
  move(node: string): void {
    if (this.#feeds.size === 0) return
    this.#link.move(node, this.#now())
    this.#act()
  }

  /** Ends the connection, with a word. */
  close(refusal: Refusal): void {
    this.#link.refuse(refusal, this.#now())
    this.#act()
  }

  get nextTimeout(): number {
    return this.#link.nextTimeout
  }

  poll(now: number): void {
    this.#link.poll(now)
    this.#act()
  }

  async #welcome(version: number): Promise<void> {
    const { token, media, opened } = this.#options
    const minted = await token()
    if (this.#ended) return
    const ice = { ufrag: this.#ice.localUfrag, password: this.#ice.localPassword }
    const terms = { token: minted, media, ice, keys: this.#keys }
    this.#link.welcome(terms, this.#now())
    opened(version)
    this.#act()
  }

  #asked(message: MessageOf<'subscribe' | 'want' | 'keyframe' | 'unsubscribe'>): void {
    switch (message.type) {
      case 'subscribe':
        this.#subscribe(message)
        break
      case 'want':
        this.#feeds.get(message.subscription)?.want(message.wanted)
        break
      case 'keyframe':
        this.#feeds.get(message.subscription)?.requestKeyframe(message.layers)
        break
      case 'unsubscribe':
        this.#free(message.subscription)
        break
    }
  }

  #subscribe(asked: MessageOf<'subscribe'>): void {
    const granted = this.#options.grant(asked)
    if ('refused' in granted) {
      this.refuse(asked.subscription, granted.refused)
      return
    }
    const { plane, clock } = this.#options
    const feed = new LinkFeed(asked, granted, { link: this, plane, clock })
    this.#feeds.set(asked.subscription, feed)
    // It may be over before it has begun: what cannot be told ends it.
    this.#options.scheduler.add(feed)
    granted.stream.follow(feed, this.#now())
    this.#options.recounted(granted.stream)
  }

  #ready(path: Path): void {
    const { plane, peer } = this.#options
    plane.addPeer(peer, srtpKeysOf(this.#keys, 'parent'), path)
    this.#isReady = true
    for (const feed of this.#feeds.values()) feed.start()
  }

  #free(subscription: number): void {
    const feed = this.#feeds.get(subscription)
    if (!feed) return
    this.#feeds.delete(subscription)
    this.#options.scheduler.remove(feed)
    feed.stream.unfollow(feed)
    feed.close()
    this.#options.recounted(feed.stream)
  }

  #act(): void {
    if (this.#ended) return
    pump(this.#link, this.#wire)
    this.#options.scheduler.changed(this)
    if (this.#link.closed) this.#end(this.#link.closed)
  }

  #end(closed: LinkClosed | undefined): void {
    if (this.#ended) return
    this.#ended = true
    const { plane, peer, scheduler } = this.#options
    scheduler.remove(this)
    for (const subscription of [...this.#feeds.keys()]) this.#free(subscription)
    plane.forget(this.ufrag)
    plane.removePeer(peer)
    this.#wire.close()
    this.#options.ended(closed)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
