import type { MessageOf } from '#control/messages.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type { StreamDescription } from '#control/registry.ts'
import type { Machine } from '#core/machine.ts'
import { parseStreamKey, type StreamName, streamKey } from '#core/stream-name.ts'
import type { PeerId, ReceivedBatch } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import type { LinkPeers } from '#relay/dispatcher.ts'
import type { Stream } from '#relay/stream.ts'
import { routingUfrag } from '#webrtc/ice-lite.ts'
import { parseStun } from '#webrtc/stun.ts'
import { Branch } from './branch.ts'
import { Downlink, type Grant } from './downlink.ts'
import type { LinksOptions } from './links-options.ts'
import { pathRefusal } from './path-refusal.ts'
import { refugesFrom } from './refuges.ts'
import { Uplinks } from './uplinks.ts'
import type { Wire, WireListener } from './wire.ts'

/** Between two looks at what is needed still, in ms. */
const upkeepInterval = 1_000
/** Control connections of children, most of which ask for nothing yet. */
const mostConnections = 4096
/** How long a stream goes on coming here that nobody reads, in ms: viewers come back. */
const linger = 10_000

/**
 * This node's place in the tree: the links to its parents and children, and the streams that come
 * and go over them (DESIGN §9).
 */
export class Links implements Machine, LinkPeers {
  readonly #options: LinksOptions
  readonly #uplinks: Uplinks
  readonly #downlinks = new Map<PeerId, Downlink>()
  readonly #byUfrag = new Map<string, Downlink>()
  /** Those that get something. */
  readonly #children = new Set<Downlink>()
  readonly #branches = new Map<string, Branch>()
  /** Monotonic ms since which nobody reads. */
  readonly #idleSince = new Map<Branch, number>()
  readonly #unlisten: () => void
  #draining = false
  #nextTimeout = 0

  constructor(options: LinksOptions) {
    this.#options = options
    this.#uplinks = new Uplinks({
      ...options,
      opened: () => this.#news(),
    })
    this.#unlisten = options.registry.listen((event) => {
      if (event.kind !== 'stream-changed') return
      this.#branches.get(event.stream)?.news()
      this.#follow(this.#options.streams.get(parseStreamKey(event.stream)))
    })
    options.scheduler.add(this)
  }

  /** Nodes that get streams from this one: those that only might do not count. */
  get children(): number {
    return this.#children.size
  }

  /**
   * The stream for a viewer here that is published at another node. Its packets begin to come, if
   * they do not yet.
   *
   * @returns undefined where nobody publishes it, or this node is its origin
   */
  join(name: StreamName): { stream: Stream; description: StreamDescription } | undefined {
    const { registry, streams, clock, node } = this.#options
    const record = registry.view.streams.get(streamKey(name))
    if (!record?.active || record.origin === node().id) return undefined
    const stream = streams.open(name, clock.now(), clock.wall())
    if (!stream) return undefined
    this.#branch(stream)
    return { stream, description: record.description }
  }

  /** A publisher has come here: what came from elsewhere under that name is over. */
  publishedHere(name: StreamName): void {
    this.#end(streamKey(name))
    this.#options.streams.get(name)?.reroute([this.#options.node().id])
  }

  /**
   * A child has opened a control connection.
   *
   * @param child the node that its token proves
   * @param tokenId of that token, which ours answers
   * @param address that it called from
   */
  accept(
    { child, tokenId, address }: { child: string; tokenId: string; address: string },
    wire: Wire,
  ): WireListener {
    const { node, tokens, peers, observer } = this.#options
    const { id, incarnation } = node()
    const downlink: Downlink = new Downlink(
      {
        ...this.#options,
        node: id,
        incarnation,
        child,
        peer: peers.reserveId(),
        media: this.#options.media(address),
        token: async () => (await tokens.mint(child, tokenId)).token,
        grant: (asked) => this.#grant(asked, this.#children.has(downlink)),
        recounted: (stream) => {
          if (downlink.streams > 0) this.#children.add(downlink)
          else this.#children.delete(downlink)
          this.#carry(stream)
        },
        opened: (version) => observer.opened('child', child, version),
        ended: (closed) => {
          this.#downlinks.delete(downlink.peerId)
          this.#byUfrag.delete(downlink.ufrag)
          observer.ended('child', child, closed ?? { cause: 'closed', text: 'by the child' })
        },
      },
      wire,
    )
    this.#downlinks.set(downlink.peerId, downlink)
    this.#byUfrag.set(downlink.ufrag, downlink)
    if (this.#draining) downlink.close({ reason: 'draining', text: 'this node is about to stop' })
    else if (this.#downlinks.size > mostConnections) {
      downlink.close({ reason: 'full', text: `this node takes ${mostConnections} connections` })
    }
    return {
      text: (text) => downlink.text(text),
      closed: () => downlink.closed(),
    }
  }

  /** Nodes above this one, asked for something or not. */
  get parents(): number {
    return this.#uplinks.size
  }

  /** Takes no new children, and asks those it has to go elsewhere. */
  drain(): void {
    this.#draining = true
    const { node, registry } = this.#options
    const refuges = refugesFrom(registry.view, node())
    let turn = 0
    for (const downlink of this.#downlinks.values()) {
      const others = refuges.filter(({ id }) => id !== downlink.child)
      // With no relay left, it goes around this node.
      const target = others[turn++ % Math.max(others.length, 1)] ?? this.#above(downlink.child)
      if (target) downlink.move(target.id)
    }
  }

  undrain(): void {
    this.#draining = false
  }

  check(datagram: Buffer, path: Path): boolean {
    if (this.#byUfrag.size === 0) return false
    const message = parseStun(datagram)
    const ufrag = message && routingUfrag(message)
    const downlink = ufrag === undefined ? undefined : this.#byUfrag.get(ufrag)
    if (!message || !downlink) return false
    downlink.check(message, datagram, path)
    return true
  }

  media(peer: PeerId, batch: ReceivedBatch): void {
    this.#uplinks.byPeer(peer)?.media(batch)
  }

  rtcp(peer: PeerId, compound: Buffer): void {
    const downlink = this.#downlinks.get(peer)
    if (downlink) downlink.rtcp(compound)
    else this.#uplinks.byPeer(peer)?.rtcp()
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  poll(now: number): void {
    this.#nextTimeout = now + upkeepInterval
    for (const stream of this.#options.streams.list()) this.#follow(stream)
    for (const [key, branch] of this.#branches) {
      const isForgotten = this.#options.streams.get(branch.stream.name) !== branch.stream
      if (isForgotten) {
        this.#end(key)
        continue
      }
      if (branch.stream.hasReaders) this.#idleSince.delete(branch)
      else if (!this.#idleSince.has(branch)) this.#idleSince.set(branch, now)
      if (now - (this.#idleSince.get(branch) ?? now) >= linger) this.#end(key)
    }
    this.#uplinks.upkeep(now)
  }

  close(): void {
    this.#unlisten()
    this.#options.scheduler.remove(this)
    // Children first: else they would hear that their streams have ended, and so would viewers.
    for (const downlink of [...this.#downlinks.values()]) {
      downlink.close({ reason: 'draining', text: 'this node stops' })
    }
    for (const key of [...this.#branches.keys()]) this.#end(key)
    this.#uplinks.close()
  }

  #above(child: string): NodeRecord | undefined {
    const parents = Array.from(this.#branches.values(), ({ parent = child }) => parent)
    return this.#options.registry.view.nodes.get(parents.find((id) => id !== child) ?? '')
  }

  // A publisher who was here is at another node now, and those who read here go on.
  #follow(stream: Stream | undefined): void {
    if (!stream?.hasReaders || stream.publication) return
    this.join(stream.name)
  }

  #branch(stream: Stream, asked?: MessageOf<'subscribe'>): Branch {
    const key = streamKey(stream.name)
    const known = this.#branches.get(key)
    if (known) return known
    const branch = new Branch(
      stream,
      {
        ...this.#options,
        node: this.#options.node().id,
        uplinkTo: (node) => this.#uplinks.to(node),
        reattached: (of, ms) => this.#options.observer.reattached(streamKey(of.name), ms),
      },
      asked,
    )
    this.#branches.set(key, branch)
    return branch
  }

  #grant(asked: MessageOf<'subscribe'>, isChild: boolean): Grant {
    const refuse = (reason: MessageOf<'refused'>['reason'], text: string): Grant => {
      return { refused: { reason, text } }
    }
    const { registry, streams, clock, node } = this.#options
    const name = parseStreamKey(asked.stream)
    if (this.#draining) return refuse('draining', 'this node is about to stop')
    const { id, roles, load } = node()
    if (!isChild && this.children >= load.childLimit) {
      return refuse('full', `this node takes ${load.childLimit} children`)
    }
    const branch = this.#branches.get(asked.stream)
    if (branch) return this.#granted(branch.stream, branch.path, asked)
    const local = streams.get(name)
    if (local?.publication) return this.#granted(local, [id], asked)
    const record = registry.view.streams.get(asked.stream)
    if (!record) return refuse('unknown-stream', 'nobody publishes it')
    if (record.origin === id) return refuse('unknown-stream', 'its publisher is not here now')
    if (!roles.includes('relay')) return refuse('full', 'this node is no relay')
    // Before anything is asked for: what the child says of those below it is passed on upwards.
    const refused = pathRefusal([record.origin, id], asked)
    if (refused) return { refused }
    const stream = streams.open(name, clock.now(), clock.wall())
    if (!stream) return refuse('full', 'this node has as many streams as it takes')
    return this.#granted(stream, this.#branch(stream, asked).path, asked)
  }

  #granted(stream: Stream, path: readonly string[], asked: MessageOf<'subscribe'>): Grant {
    const refused = pathRefusal(path, asked)
    return refused ? { refused } : { stream, path }
  }

  #carry(stream: Stream): void {
    const key = streamKey(stream.name)
    const branch = this.#branches.get(key)
    if (branch) {
      branch.carry()
      return
    }
    const { registry } = this.#options
    const children = stream.followers
    if (children === 0) registry.drop(key)
    else registry.carry({ stream: key, parent: undefined, depth: 0, children })
  }

  #news(): void {
    for (const branch of this.#branches.values()) branch.news()
  }

  #end(key: string): void {
    const branch = this.#branches.get(key)
    if (!branch) return
    this.#branches.delete(key)
    this.#idleSince.delete(branch)
    branch.close()
  }
}
