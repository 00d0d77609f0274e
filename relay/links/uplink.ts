import { type ChildEvent, ChildLink, type Wish } from '#control/link-protocol/child-link.ts'
import { srtpKeysOf } from '#control/messages/link-keys.ts'
import { mostLinkSsrcs } from '#control/messages/link-ssrcs.ts'
import type { MessageOf, SubscriptionMessage } from '#control/messages.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import type { Machine } from '#core/machine.ts'
import type { MediaPlane, PeerId, ReceivedBatch } from '#native/media-plane.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import { IncomingRuns } from './incoming-runs.ts'
import type { LayerName, WantedLayers } from './link-description.ts'
import type { LinkedPublication } from './linked-publication.ts'
import type { LinkEnd } from './links-options.ts'
import { MediaApproach } from './media-approach.ts'
import { type Dialer, pump, type Wire } from './wire.ts'

/** Whoever asked for a stream at a parent. */
export interface Subscriber {
  told(message: SubscriptionMessage): void
  /** The parent is going: it wants everything moved there. */
  move(target: MessageOf<'move'>): void
  /**
   * The parent refused, stands below this node, or is gone: nothing more comes of it.
   *
   * @param reason for which the whole link is over, where the parent has told one
   */
  over(reason?: LinkEnd['reason']): void
}

export interface UplinkOptions {
  readonly node: string
  readonly incarnation: number
  readonly parent: NodeRecord
  readonly peer: PeerId
  readonly plane: MediaPlane
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly dialer: Dialer
  /** @returns rejects where the token is none of the parent's answer to ours */
  verify(token: string, answered: string): Promise<{ readonly node: string }>
  /** The parent has welcomed us and proved itself. @param version of the protocol, as agreed */
  opened(version: number): void
  ended(uplink: Uplink, end: LinkEnd): void
}

/** A control connection, from the open WebSocket on. */
interface Connection {
  readonly link: ChildLink
  readonly wire: Wire
  /** Of our token, which the parent's answers. */
  readonly tokenId: string
}

/** A parent of this node: its control connection, its place at the plane, what comes from it. */
export class Uplink implements Machine {
  readonly parent: string
  readonly peerId: PeerId
  readonly runs: IncomingRuns
  readonly #options: UplinkOptions
  readonly #giveUp: () => void
  readonly #subscribers = new Map<number, Subscriber>()
  #connection: Connection | undefined
  #approach: MediaApproach | undefined
  #isOpen = false
  #ended = false

  constructor(options: UplinkOptions) {
    this.#options = options
    this.parent = options.parent.id
    this.peerId = options.peer
    this.runs = new IncomingRuns(options.plane, options.peer)
    options.scheduler.add(this)
    this.#giveUp = options.dialer.dial(options.parent, {
      opened: (wire, tokenId) => this.#opened(wire, tokenId),
      text: (text) => this.#text(text),
      closed: (text, reason) => {
        this.#end({ cause: reason ? 'refused' : 'closed', text, ...(reason && { reason }) })
      },
    })
  }

  /** Whether streams can be asked for. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#ended
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** Ms to the parent and back; undefined while not measured. */
  get roundTrip(): number | undefined {
    return this.#connection?.wire.roundTrip
  }

  /** How many streams it is asked for. */
  get subscriptions(): number {
    return this.#subscribers.size
  }

  /** @returns the number of the subscription; undefined where the link is not open */
  subscribe(wish: Wish, subscriber: Subscriber): number | undefined {
    const number = this.isOpen ? this.#connection?.link.subscribe(wish, this.#now()) : undefined
    if (number !== undefined) this.#subscribers.set(number, subscriber)
    this.#act()
    return number
  }

  /** Only these layers are to come, from now on. */
  want(subscription: number, wanted: WantedLayers): void {
    this.#connection?.link.tell({ type: 'want', subscription, wanted }, this.#now())
    this.#act()
  }

  keyframe(subscription: number, layers: LayerName[]): void {
    this.#connection?.link.tell({ type: 'keyframe', subscription, layers }, this.#now())
    this.#act()
  }

  /** @param publication whose packets are to come from here no more */
  unsubscribe(subscription: number, publication: LinkedPublication | undefined): void {
    this.#subscribers.delete(subscription)
    this.#connection?.link.unsubscribe(subscription, this.#now())
    if (publication) this.runs.end(publication)
    this.#act()
  }

  nack(ssrc: number, lost: readonly number[]): void {
    if (this.#ended) return
    this.#options.plane.sendRtcp(this.peerId, writeNack(0, ssrc, lost))
  }

  /** @param batch borrowed; its slab is retained for every packet kept */
  media(batch: ReceivedBatch): void {
    this.runs.receive(batch)
    this.#heard()
  }

  /** RTCP of the parent passed authentication. */
  rtcp(): void {
    this.#heard()
  }

  /** Nothing is wanted from this parent any more. */
  close(): void {
    this.#end({ cause: 'idle', text: 'not needed any more' })
  }

  get nextTimeout(): number {
    return Math.min(
      this.#connection?.link.nextTimeout ?? Number.POSITIVE_INFINITY,
      this.#approach?.nextTimeout ?? Number.POSITIVE_INFINITY,
    )
  }

  poll(now: number): void {
    this.runs.expire(now)
    this.#connection?.link.poll(now)
    this.#check(now)
    this.#act()
    if (this.#approach?.isLost(now)) {
      this.#end({ cause: 'dead', text: 'no media comes from its port' })
    }
  }

  #opened(wire: Wire, tokenId: string): void {
    const { node, incarnation, clock } = this.#options
    const link = new ChildLink({ node, incarnation, parent: this.parent }, clock.now())
    this.#connection = { link, wire, tokenId }
    this.#act()
  }

  #text(text: string): void {
    const connection = this.#connection
    if (this.#ended || !connection) return
    const event = connection.link.receive(text, this.#now())
    if (event) this.#happened(event, connection)
    this.#act()
  }

  #happened(event: ChildEvent, { tokenId }: Connection): void {
    switch (event.kind) {
      case 'opened':
        void this.#welcomed(event.welcome, tokenId)
        break
      case 'told':
        this.#told(event.message)
        break
      case 'refused':
        this.#over(event.refusal.subscription!)
        break
      case 'loop':
        this.#over(event.subscription)
        break
      case 'closed':
        break
    }
  }

  async #welcomed(welcome: MessageOf<'welcome'>, tokenId: string): Promise<void> {
    const { plane, peer, verify } = this.#options
    try {
      const { node } = await verify(welcome.token, tokenId)
      if (node !== this.parent) throw new Error(`it is ${node}`)
    } catch (error) {
      this.#fail(`the parent did not prove itself: ${messageOf(error)}`)
      return
    }
    if (this.#ended) return
    const ours = plane.addresses.map(({ address }) => address)
    this.#approach = new MediaApproach(welcome, ours, this.#now())
    const { path } = this.#approach
    if (!path) {
      this.#fail('no address of its media port can be reached from ours')
      return
    }
    plane.addPeer(peer, srtpKeysOf(welcome.keys, 'child'), path, { streams: mostLinkSsrcs })
    this.#isOpen = true
    this.#check(this.#now())
    this.#options.opened(welcome.version)
    this.#act()
  }

  #told(message: Extract<ChildEvent, { kind: 'told' }>['message']): void {
    if (message.type === 'move') {
      for (const subscriber of [...this.#subscribers.values()]) subscriber.move(message)
      return
    }
    this.#subscribers.get(message.subscription)?.told(message)
  }

  #over(subscription: number): void {
    const subscriber = this.#subscribers.get(subscription)
    this.#subscribers.delete(subscription)
    subscriber?.over()
  }

  #heard(): void {
    this.#connection?.link.heardMedia(this.#now())
    this.#approach?.hear(this.#now())
  }

  #check(now: number): void {
    const approach = this.#approach
    const due = approach?.poll(now)
    if (!approach?.path || !due) return
    const { plane } = this.#options
    if (due.moved) plane.movePeer(this.peerId, approach.path)
    plane.sendControl(due.check, approach.path)
  }

  #act(): void {
    if (this.#ended || !this.#connection) return
    const { link, wire } = this.#connection
    pump(link, wire)
    this.#options.scheduler.changed(this)
    if (link.closed) this.#end(link.closed)
  }

  #fail(text: string): void {
    this.#end({ cause: 'closed', text })
  }

  #end(end: LinkEnd): void {
    if (this.#ended) return
    this.#ended = true
    const { plane, scheduler } = this.#options
    scheduler.remove(this)
    this.#giveUp()
    this.#connection?.wire.close()
    plane.removePeer(this.peerId)
    this.runs.clear()
    const subscribers = [...this.#subscribers.values()]
    this.#subscribers.clear()
    for (const subscriber of subscribers) subscriber.over(end.reason)
    this.#options.ended(this, end)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
