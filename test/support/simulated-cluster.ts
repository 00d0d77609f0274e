import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import { placePublisher, placeViewer } from '#control/topology/placement.ts'
import type { RegionDistance } from '#control/topology/regions.ts'
import { ViewerSpread } from '#control/topology/spread.ts'
import { SimulatedBranches } from './simulated-branches.ts'
import { SimulatedFigures } from './simulated-figures.ts'
import { lease, SimulatedNetwork } from './simulated-network.ts'
import { newNode, type SimulatedNode } from './simulated-node.ts'

/** Of silence until a child takes its parent for dead, ms (docs/tree.md). */
const detection = 350

/** Nobody's client acts at the same moment: times in ms, drawn between the two. */
const [publisherReturns, viewerReturns, viewerMoves] = [
  [1000, 3000],
  [1000, 6000],
  [500, 1500],
] as const

export interface SimulatedClusterOptions {
  /** One way between regions, ms. */
  readonly distance: RegionDistance
  readonly random: () => number
  /** Requests name the parent that was lost, as nodes do. */
  readonly namesLost?: boolean
}

/**
 * Nodes, links and viewers on paper: the functions of control/topology/ decide, messages take the
 * latency between regions. Viewers are figures. The registry is right about carriers at once, up
 * to a second late about loads, and 3 s late about lost nodes.
 */
export class SimulatedCluster {
  readonly network: SimulatedNetwork
  readonly branches: SimulatedBranches
  readonly figures = new SimulatedFigures()
  readonly #random: () => number
  /** Nodes that hold a claim, and the region of whoever publishes there; by stream. */
  readonly #claims = new Map<string, Map<string, string>>()

  constructor({ distance, random, namesLost = true }: SimulatedClusterOptions) {
    this.network = new SimulatedNetwork(distance)
    this.branches = new SimulatedBranches(this.network, this.figures, namesLost)
    this.#random = random
  }

  get nodes(): ReadonlyMap<string, SimulatedNode> {
    return this.network.nodes
  }

  /** By stream, then by node: the region of each publisher. */
  get claims(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#claims
  }

  addNode(id: string, region: string, roles: readonly NodeRole[]): void {
    const node = newNode(id, region, roles)
    this.network.nodes.set(id, node)
    this.network.announce(node)
  }

  /** Seconds pass, in each of which all nodes announce themselves. */
  run(seconds: number, each?: () => void): void {
    for (let at = 0; at < seconds; at++) {
      for (const node of this.nodes.values()) if (node.alive) this.network.announce(node)
      each?.()
      this.network.events.runTo(this.network.events.now + 1000)
    }
  }

  /** A publisher comes from this region, and again until there is room. */
  publish(stream: string, region: string, except?: string): void {
    const { distance } = this.network
    const view = this.network.viewOf(region)
    const refused = new Set(except === undefined ? [] : [except])
    const id = placePublisher(view, { stream, region, except: refused, distance })
    if (id === undefined || !this.nodes.get(id)!.alive) {
      this.network.events.after(1000, () => this.publish(stream, region, id ?? except))
      return
    }
    const { now } = this.network.events
    const epoch = Math.max(view.lastEpoch + 1, Math.ceil(now))
    const description = { tracks: [] }
    const claims = this.#claims.get(stream) ?? new Map<string, string>()
    this.#claims.set(stream, claims.set(id, region))
    view.putStream({ stream, origin: id, epoch, active: true, description })
    this.branches.root(id, stream, epoch)
    this.#settle(stream)
  }

  /** Viewers of one stream and region arrive: each is sent on until a node takes it. */
  arrive(stream: string, region: string, viewers: number): void {
    const { distance } = this.network
    const except = new Set<string>()
    let left = viewers
    while (left > 0) {
      const view = this.network.viewOf(region)
      const node = this.nodes.get(placeViewer(view, { stream, region, except, distance }) ?? '')
      if (!node) {
        this.figures.unplaced += left
        return
      }
      const hasRoom = node.alive && !node.draining
      const taken = hasRoom ? Math.min(left, roomOf(node), 500) : 0
      if (taken === 0) except.add(node.id)
      else this.#join(node, stream, taken)
      left -= taken
    }
  }

  leave(id: string, stream: string, viewers: number): void {
    const carried = this.branches.at(id, stream)!
    carried.viewers -= viewers
    this.nodes.get(id)!.sessions -= viewers
    this.branches.releaseIdle(id, stream)
  }

  /** Nodes are gone, now; whoever was there comes back elsewhere. */
  lose(ids: Iterable<string>): void {
    const lost = [...ids].map((id) => this.nodes.get(id)!).filter(({ alive }) => alive)
    const { events } = this.network
    const since = events.now
    for (const node of lost) node.alive = false
    for (const { id, region, carried } of lost) {
      for (const [stream, { viewers, isOrigin }] of carried) {
        for (const group of groups(viewers)) {
          events.after(this.#between(viewerReturns), () => this.arrive(stream, region, group))
        }
        if (isOrigin) this.#publisherLeaves(stream, id)
        this.#dropLinks(id, stream, since)
      }
      events.after(lease, () => this.network.viewAt(id).dropNode(id))
    }
  }

  // Those at the other ends notice its silence.
  #dropLinks(id: string, stream: string, since: number): void {
    const { events } = this.network
    const { parent, children } = this.branches.at(id, stream)!
    if (parent !== undefined) {
      events.after(lease, () => this.branches.removeChild(parent, stream, id))
    }
    for (const child of children) {
      events.after(detection, () => this.branches.orphan(child, stream, id, since))
    }
  }

  /** It takes nobody new and sends all who are there elsewhere. */
  drain(id: string): void {
    const node = this.nodes.get(id)!
    node.draining = true
    this.network.announce(node)
    for (const [stream, { children, isOrigin }] of node.carried) {
      if (isOrigin) this.#publisherLeaves(stream, id)
      // Nobody else has it until the publisher is back.
      for (const child of isOrigin ? [] : children) {
        this.network.send(id, child, () => this.branches.move(child, stream, id))
      }
    }
    this.#sendAway(node)
  }

  // As server/cluster/drain.ts has it, but for turns of a second.
  #sendAway({ id, region, carried, sessions }: SimulatedNode): void {
    const { network } = this
    const question = { region, except: new Set([id]), distance: network.distance }
    const spread = new ViewerSpread(network.viewOf(region), question)
    const waiting = [...carried].flatMap(([stream, { viewers }]) =>
      Array<string>(viewers).fill(stream),
    )
    const perTurn = Math.max(300, Math.ceil(sessions / 7))
    for (let from = 0; from < waiting.length; from += perTurn) {
      network.events.after((from / perTurn) * 1000, () => {
        const streams = waiting.slice(from, from + perTurn)
        const places = spread.deal(streams)
        const moves = Map.groupBy(places.keys(), (at) => `${streams[at]} ${places[at]}`)
        for (const { 0: at = 0, length } of moves.values()) {
          const move = { stream: streams[at]!, viewers: length, to: places[at] ?? '' }
          network.events.after(this.#between(viewerMoves), () => this.#moveViewers(id, move))
        }
      })
    }
  }

  #moveViewers(from: string, move: { stream: string; viewers: number; to: string }): void {
    const { stream, viewers, to } = move
    const { region } = this.nodes.get(from)!
    const node = this.nodes.get(to)
    const taken = node?.alive && !node.draining ? Math.min(viewers, roomOf(node)) : 0
    if (node && taken > 0) this.#join(node, stream, taken)
    this.arrive(stream, region, viewers - taken)
    this.leave(from, stream, viewers)
  }

  /** It stops, and starts again 2 s later with these versions of the protocol. */
  restart(id: string, protocol: NodeRecord['protocol']): void {
    const node = this.nodes.get(id)!
    const since = this.network.events.now
    for (const [stream, { children, parent, viewers }] of node.carried) {
      this.figures.cutOff += viewers
      for (const child of children) {
        this.network.send(id, child, () => this.branches.orphan(child, stream, id, since))
      }
      if (parent !== undefined) {
        this.network.send(id, parent, () => this.branches.removeChild(parent, stream, id))
      }
    }
    node.alive = false
    this.network.viewAt(id).dropNode(id)
    this.network.events.after(2000, () => {
      node.carried.clear()
      const fresh = { incarnation: node.incarnation + 1, alive: true, draining: false, protocol }
      Object.assign(node, fresh, { sessions: 0, children: 0 })
      this.network.announce(node)
    })
  }

  /** No message passes the border of a region; those who had links across it notice. */
  cut(region: string): void {
    const since = this.network.events.now
    this.network.cut(region)
    for (const { id, carried } of this.nodes.values()) {
      for (const [stream, { parent }] of carried) {
        if (parent === undefined || this.network.reaches(id, parent)) continue
        this.network.events.after(detection, () => {
          this.branches.orphan(id, stream, parent, since)
        })
        this.network.events.after(lease, () => this.branches.removeChild(parent, stream, id))
      }
    }
  }

  /** The region is back. Of two who publish one stream the older is told. */
  heal(): void {
    this.network.heal()
    const { now } = this.network.events
    for (const { carried } of this.nodes.values()) {
      // Before, there was nobody to find.
      for (const one of carried.values()) if (one.lostAt !== undefined) one.lostAt = now
    }
    for (const stream of this.#claims.keys()) this.#settle(stream)
  }

  #join(node: SimulatedNode, stream: string, viewers: number): void {
    const { figures } = this
    figures.peakJoins = Math.max(
      figures.peakJoins,
      node.joins.add(this.network.events.now, viewers),
    )
    const carried = this.branches.at(node.id, stream) ?? this.branches.begin(node.id, stream)
    carried.viewers += viewers
    node.sessions += viewers
  }

  /** And comes back, to any node but this one. */
  #publisherLeaves(stream: string, id: string): void {
    const region = this.#claims.get(stream)!.get(id)!
    this.#claims.get(stream)!.delete(id)
    this.network.events.after(this.#between(publisherReturns), () => {
      this.publish(stream, region, id)
      // A node that drains had the stream until somebody else did.
      if (this.nodes.get(id)!.alive) this.#unroot(stream, id)
    })
  }

  #settle(stream: string): void {
    for (const id of this.#claims.get(stream)!.keys()) {
      if (this.network.viewAt(id).streams.get(stream)?.origin === id) continue
      this.#claims.get(stream)!.delete(id)
      this.figures.overtaken++
      this.#unroot(stream, id)
    }
  }

  // The news comes by the registry, which is somewhere: as far as half the globe, at most.
  #unroot(stream: string, id: string): void {
    const { incarnation } = this.nodes.get(id)!
    this.network.events.after(120, () => {
      const node = this.nodes.get(id)!
      if (!node.alive || node.incarnation !== incarnation) return
      if (!this.#claims.get(stream)!.has(id)) this.branches.unroot(id, stream)
    })
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#random() * (most - least)
  }
}

function roomOf({ sessionLimit, sessions }: SimulatedNode): number {
  return sessionLimit - sessions
}

/** Of 500 viewers, and the rest. */
export function groups(viewers: number): number[] {
  return Array.from({ length: Math.ceil(viewers / 500) }, (_, at) =>
    Math.min(viewers - 500 * at, 500),
  )
}
