import { ClusterState } from '#control/cluster-state.ts'
import { MemoryRegistry } from '#control/memory-registry.ts'
import type { NodeRecord } from '#control/node-record.ts'
import { NodeTokens } from '#control/node-token.ts'
import { streamKey, streamName } from '#core/stream-name.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import { SlabPool } from '#native/slab.ts'
import { Dispatcher } from '#relay/dispatcher.ts'
import { Links } from '#relay/links/links.ts'
import type { Dialer, DialListener, Wire, WireListener } from '#relay/links/wire.ts'
import type { LivePublication } from '#relay/live-publication.ts'
import { Publication } from '#relay/publication.ts'
import type { Stream } from '#relay/stream.ts'
import { Streams } from '#relay/streams.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { systemClock } from '#server/system-clock.ts'
import { Timers } from '#server/timers.ts'
import type { TestedPlane } from '#test/native/planes.ts'
import { CountingObserver } from '#test/relay/counting-observer.ts'
import { obs, recordedFormat } from '#test/relay/publication-rig.ts'
import { readDump } from '#test/support/rtpdump.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'

export const demo = streamName(undefined, 'demo')
export const treeSecret = 'a secret that all nodes of this tree share'
const recording = 'obs-32-default-gop'
const payloadType = 102

/** Nodes that share a registry in memory, and WebSockets that are two queues. */
export class Tree {
  readonly memory = new ClusterState()
  readonly nodes = new Map<string, TreeNode>()

  async add(
    id: string,
    roles: NodeRecord['roles'],
    plane: TestedPlane,
    more: Partial<NodeRecord> = {},
  ): Promise<TreeNode> {
    const node = await TreeNode.open(this, { id, roles, ...more }, plane)
    this.nodes.set(id, node)
    return node
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) await node.close()
  }
}

/** One node: a real media plane on loopback, and its place in the tree. */
export class TreeNode {
  readonly id: string
  readonly streams = new Streams()
  readonly registry: MemoryRegistry
  readonly tokens: NodeTokens
  readonly observer = new CountingObserver()
  readonly timers = new Timers(systemClock)
  readonly dispatcher = new Dispatcher(systemClock)
  record: NodeRecord
  plane!: MediaPlane
  links!: Links
  readonly #tree: Tree
  readonly #wires = new Set<MemoryWire>()
  #nextPeer = 1
  #publisher: PlayedPublisher | undefined
  #dead = false

  private constructor(tree: Tree, record: Pick<NodeRecord, 'id' | 'roles'> & Partial<NodeRecord>) {
    this.#tree = tree
    this.id = record.id
    const { id } = this
    this.record = {
      incarnation: 1,
      region: 'here',
      origin: `http://${id}`,
      nodeOrigin: `http://${id}`,
      draining: false,
      protocol: { oldest: 1, newest: 1 },
      load: { sessions: 0, sessionLimit: 100, children: 0, childLimit: 16, busy: 0 },
      ...record,
    }
    this.registry = new MemoryRegistry({ node: id, clock: systemClock, memory: tree.memory })
    this.tokens = new NodeTokens({
      node: id,
      names: [id],
      secrets: [treeSecret],
      clock: systemClock,
    })
  }

  static async open(
    tree: Tree,
    record: Pick<NodeRecord, 'id' | 'roles'> & Partial<NodeRecord>,
    plane: TestedPlane,
  ): Promise<TreeNode> {
    const node = new TreeNode(tree, record)
    node.plane = await plane.open(node.dispatcher)
    node.registry.announce(node.record)
    node.links = new Links({
      node: () => node.record,
      registry: node.registry,
      tokens: node.tokens,
      plane: node.plane,
      peers: { reserveId: () => node.#nextPeer++ },
      streams: node.streams,
      clock: systemClock,
      scheduler: node.timers,
      dialer: node.#dialer(),
      media: () => node.plane.addresses.map(({ address, port }) => ({ address, port })),
      observer: { opened: () => {}, reattached: () => {}, ended: () => {} },
    })
    node.dispatcher.connectLinks(node.links)
    return node
  }

  get stream(): Stream | undefined {
    return this.streams.get(demo)
  }

  get publication(): LivePublication | undefined {
    return this.stream?.publication
  }

  get video(): UpLayer | undefined {
    return this.publication?.layers.video
  }

  /** OBS, as it was recorded, comes to this node. */
  async publish(): Promise<PlayedPublisher> {
    const record = await this.registry.claim(streamKey(demo), { tracks: [] })
    this.#publisher = new PlayedPublisher(this, this.#nextPeer++, record.epoch)
    return this.#publisher
  }

  /** Somebody watches the stream here. */
  join(): Stream {
    return this.links.join(demo)!.stream
  }

  /** As by kill -9: nothing is said any more, by nobody. */
  async die(): Promise<void> {
    if (this.#dead) return
    this.#dead = true
    this.#publisher?.stop()
    this.timers.close()
    for (const wire of this.#wires) wire.silence()
    await this.plane.close()
  }

  async close(): Promise<void> {
    if (this.#dead) return
    this.links.close()
    await this.registry.leave()
    await this.die()
  }

  #dialer(): Dialer {
    return {
      dial: (node, listener) => {
        const other = this.#tree.nodes.get(node.id)
        void this.#open(node.id, other, listener)
        return () => {}
      },
    }
  }

  async #open(id: string, other: TreeNode | undefined, listener: DialListener): Promise<void> {
    const { token, id: tokenId } = await this.tokens.mint(id)
    if (!other || other.#dead) {
      listener.closed('not reached')
      return
    }
    const proof = await other.tokens.verify(token)
    const [here, there] = MemoryWire.pair()
    this.#wires.add(here)
    other.#wires.add(there)
    here.listener = listener
    const called = { child: proof.node, tokenId: proof.tokenId, address: '127.0.0.1' }
    there.listener = other.links.accept(called, there)
    listener.opened(here, tokenId)
  }
}

/** One end of a WebSocket. */
class MemoryWire implements Wire {
  readonly backlog = 0
  readonly roundTrip = 1
  listener: WireListener | undefined
  #other!: MemoryWire
  #silent = false
  #closed = false

  static pair(): [MemoryWire, MemoryWire] {
    const [one, other] = [new MemoryWire(), new MemoryWire()]
    one.#other = other
    other.#other = one
    return [one, other]
  }

  send(text: string): void {
    if (this.#silent || this.#closed) return
    setImmediate(() => {
      if (!this.#other.#silent) this.#other.listener?.text(text)
    })
  }

  close(): void {
    if (this.#closed || this.#silent) return
    this.#closed = true
    setImmediate(() => this.#other.#hangUp())
  }

  silence(): void {
    this.#silent = true
  }

  #hangUp(): void {
    if (this.#silent) return
    this.#closed = true
    this.listener?.closed('closed')
  }
}

/** OBS's recording, played in real time and again from the start when it is over. */
export class PlayedPublisher {
  readonly publication: Publication
  readonly #node: TreeNode
  readonly #writer = new SlabWriter(new SlabPool())
  readonly #records = [...readDump(recording)].filter(({ rtcp }) => !rtcp)
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = systemClock.now()
  #next = 0

  constructor(node: TreeNode, peer: number, epoch: number) {
    this.#node = node
    const stream = node.streams.open(demo, systemClock.now(), systemClock.wall())!
    this.publication = new Publication(peer, recordedFormat(recording, payloadType), obs, {
      plane: node.plane,
      clock: systemClock,
      observer: node.observer,
      listener: {
        keyframe: (layer) => stream.keyframe(layer, systemClock.now()),
        offered: () => {},
        alive: () => {},
      },
    })
    this.publication.epoch = epoch
    stream.publish(this.publication, systemClock.now(), systemClock.wall())
    this.#timer = setInterval(() => this.#play(), 5)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** It goes, and its viewers wait. */
  leave(): void {
    this.stop()
    const stream = this.#node.stream!
    stream.unpublish(this.publication, systemClock.now(), systemClock.wall())
  }

  #play(): void {
    const elapsed = systemClock.now() - this.#startedAt
    for (; this.#records[this.#next] && this.#records[this.#next]!.ms <= elapsed; this.#next++) {
      const { slab, offset, length } = this.#writer.write(this.#records[this.#next]!.packet)
      this.publication.receive({
        count: 1,
        slab,
        offsets: Uint32Array.of(offset),
        lengths: Uint16Array.of(length),
        arrivedAt: Float64Array.of(systemClock.now()),
      })
    }
    if (this.#next === this.#records.length) this.stop()
  }
}

/** The packets of the layer from `from` on, without what differs from hop to hop. */
export function packetsOf({ log }: UpLayer, from: number): Map<number, string> {
  const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  const packets = new Map<number, string>()
  for (let index = Math.max(from, log.start); index < log.end; index++) {
    if (!log.locate(index, place)) continue
    const packet = place.bytes.subarray(place.offset, place.offset + place.length)
    // Not the number and not the SSRC.
    const same = [packet.subarray(0, 2), packet.subarray(4, 8), packet.subarray(12)]
    packets.set(index, Buffer.concat(same).toString('base64'))
  }
  return packets
}
