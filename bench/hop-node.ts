import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { ClusterState } from '#control/cluster-state.ts'
import { MemoryRegistry } from '#control/memory-registry.ts'
import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import { NodeTokens } from '#control/node-token.ts'
import { type StreamName, streamKey, streamName } from '#core/stream-name.ts'
import { loadAddon } from '#native/addon-file.ts'
import { AddonPlane, type Rung } from '#native/addon-plane.ts'
import type { MediaPlane, MediaPlaneListener } from '#native/media-plane.ts'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { Dispatcher } from '#relay/dispatcher.ts'
import { Links } from '#relay/links/links.ts'
import type { Stream, StreamFollower } from '#relay/stream.ts'
import { Streams } from '#relay/streams.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { SocketDialer } from '#server/links/dialer.ts'
import { serveLinks } from '#server/links/link-server.ts'
import { systemClock } from '#server/system-clock.ts'
import { Timers } from '#server/timers.ts'

export interface HopNodeOptions {
  readonly id: string
  readonly role: NodeRole
  readonly way: Rung | 'twin'
  readonly streams: number
  /** The one node that this one may ask; none for the origin. */
  readonly parent: NodeRecord | undefined
}

/** Of one stream at one node. */
export interface Held {
  /** Behind the newest packet. */
  readonly end: number
  /** Holes in what the log holds. */
  readonly missing: number
  readonly nacks: number
}

/** Whoever publishes: the origin claims all streams, and no other node looks for it. */
const origin = 'origin'
const loopback = '127.0.0.1'
const secret = 'a secret that the nodes of this bench share'

/**
 * A node with nothing but its place in the tree: a media plane, links over WebSockets, timers, as
 * `server/node.ts` joins them. It knows of the cluster what it needs to find its parent.
 */
export class HopNode {
  readonly record: NodeRecord
  readonly plane: MediaPlane
  readonly streams = new Streams()
  readonly links: Links
  readonly #names: readonly StreamName[]

  private constructor(
    { id, way: _, role, streams, parent }: HopNodeOptions,
    { plane, dispatcher, timers, nodeOrigin }: Opened,
  ) {
    this.plane = plane
    this.record = nodeRecord(id, role, nodeOrigin)
    this.#names = Array.from({ length: streams }, (_stream, i) => streamName(undefined, `hop${i}`))
    this.links = new Links({
      node: () => this.record,
      registry: this.#registry(parent),
      tokens: tokensOf(id),
      plane,
      peers: { reserveId: peerIds() },
      streams: this.streams,
      clock: systemClock,
      scheduler: timers,
      dialer: new SocketDialer(tokensOf(id)),
      media: () => plane.addresses.map(({ address, port }) => ({ address, port })),
      observer: { opened: () => {}, reattached: () => {}, ended: () => {} },
    })
    dispatcher.connectLinks(this.links)
  }

  static async open(options: HopNodeOptions): Promise<HopNode> {
    const dispatcher = new Dispatcher(systemClock)
    const plane = await openPlane(options.way, dispatcher)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, loopback, resolve))
    const nodeOrigin = `http://${loopback}:${(server.address() as AddressInfo).port}`
    const timers = new Timers(systemClock)
    const node = new HopNode(options, { plane, dispatcher, timers, nodeOrigin })
    const log = pino({ level: 'silent' })
    const tokens = tokensOf(options.id)
    serveLinks(server, { links: node.links, tokens, clock: systemClock, log })
    return node
  }

  /** All streams, made where they are not there yet. */
  open(): Stream[] {
    return this.#names.map((name) => {
      return this.streams.open(name, systemClock.now(), systemClock.wall())!
    })
  }

  /** Somebody here wants every stream for as long as the node runs. */
  join(): void {
    for (const stream of this.open()) {
      stream.follow(everything, systemClock.now())
      this.links.join(stream.name)
    }
  }

  held(): Held[] {
    return this.#names.map((name) => {
      const publication = this.streams.get(name)?.publication
      const layer = publication?.layers.video
      if (!layer) return { end: 0, missing: 0, nacks: 0 }
      return { end: layer.log.end, missing: missingOf(layer), nacks: publication.nacks }
    })
  }

  #registry(parent: NodeRecord | undefined): MemoryRegistry {
    const memory = new ClusterState()
    memory.putNode(this.record)
    if (parent) memory.putNode(parent)
    for (const name of this.#names) {
      const description = { tracks: [] }
      memory.putStream({ stream: streamKey(name), origin, epoch: 1, active: true, description })
    }
    return new MemoryRegistry({ node: this.record.id, clock: systemClock, memory })
  }
}

interface Opened {
  readonly plane: MediaPlane
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly nodeOrigin: string
}

/** A viewer who takes what comes. */
const everything: StreamFollower = {
  isNode: true,
  wants: () => true,
  watch: () => {},
  unwatch: () => {},
  keyframe: () => {},
  reroute: () => {},
  abandon: () => {},
}

function nodeRecord(id: string, role: NodeRole, nodeOrigin: string): NodeRecord {
  return {
    ...{ id, incarnation: 1, region: 'here', roles: [role], origin: nodeOrigin, nodeOrigin },
    draining: false,
    protocol: { oldest: 1, newest: 1 },
    load: { sessions: 0, sessionLimit: 100, children: 0, childLimit: 100, busy: 0 },
  }
}

function tokensOf(node: string): NodeTokens {
  return new NodeTokens({ node, names: [node], secrets: [secret], clock: systemClock })
}

function peerIds(): () => number {
  let next = 1
  return () => next++
}

function missingOf({ log }: UpLayer): number {
  const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  let missing = 0
  for (let index = log.start; index < log.end; index++) if (!log.locate(index, place)) missing++
  return missing
}

function openPlane(way: HopNodeOptions['way'], listener: MediaPlaneListener): Promise<MediaPlane> {
  if (way === 'twin') return TwinPlane.open([loopback], 0, listener)
  const addon = loadAddon()
  if ('why' in addon) throw new Error(addon.why)
  const settings = { addresses: [loopback], port: 0, rung: way, threads: 1 }
  return AddonPlane.open(addon.binding, settings, listener)
}
