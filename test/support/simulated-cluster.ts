import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { CarrierRecord, ClusterView, StreamRecord } from '#control/registry.ts'
import { fanOut } from '#control/topology/limits.ts'
import { chooseParents, chooseStandby } from '#control/topology/parents.ts'
import { placeViewer } from '#control/topology/placement.ts'
import { Reattachment } from '#control/topology/reattachment.ts'
import { refusesPath } from '#control/topology/tree.ts'
import type { Carried, SimulatedNode } from './simulated-cluster-node.ts'
import * as truth from './simulated-cluster-node.ts'
import { SimulatedEvents } from './simulated-events.ts'

/** Three heartbeats of 100 ms missed; a lease of the registry. In ms. */
const [detection, lease] = [300, 3000]

/**
 * Nodes, links and viewers on paper: the functions of control/topology/ decide, messages take the
 * latency between regions. Viewers are figures. The view is right about carriers, up to a second
 * late about loads, and 3 s late about lost nodes. A node knows its own path at once.
 */
export class SimulatedCluster {
  readonly events = new SimulatedEvents()
  readonly nodes = new Map<string, SimulatedNode>()
  readonly records = new Map<string, NodeRecord>()
  readonly streams = new Map<string, StreamRecord>()
  readonly carriers = new Map<string, Map<string, CarrierRecord>>()
  readonly view: ClusterView
  /** Carriers without a parent that search. */
  readonly orphans = new Set<string>()
  /** Of the last orphan, ms. */
  lastAttached = 0
  /** Most subscribe requests that came to one node in one second. */
  peakRequests = 0
  requests = 0
  unplaced = 0
  readonly #latency: (from: string, to: string) => number

  /** @param latency one way between regions, ms */
  constructor(latency: (from: string, to: string) => number) {
    this.#latency = latency
    this.view = { nodes: this.records, streams: this.streams, carriers: this.carriers }
  }

  addNode(id: string, region: string, roles: readonly NodeRole[]): void {
    const isEdge = roles.includes('edge')
    const limits = { sessionLimit: isEdge ? 2000 : 100, childLimit: isEdge ? 0 : 2000 }
    const node = { ...truth.newNode(id, region, roles), ...limits }
    this.nodes.set(id, node)
    this.records.set(id, truth.recordOf(node))
  }

  publish(stream: string, origin: string): void {
    const description = { tracks: [] }
    this.streams.set(stream, { stream, origin, epoch: 1, active: true, description })
    this.carriers.set(stream, new Map())
    this.#carry(this.nodes.get(origin)!, stream)
    this.#tell(origin, stream)
  }

  /** Viewers of one stream and region arrive: in groups, each sent on until a node takes it. */
  arrive(stream: string, region: string, viewers: number): void {
    const except = new Set<string>()
    let left = viewers
    while (left > 0) {
      const question = { stream, region, except, distance: this.#latency }
      const node = this.nodes.get(placeViewer(this.view, question) ?? '')
      if (!node) {
        this.unplaced += left
        return
      }
      const taken = node.alive ? Math.min(left, node.sessionLimit - node.sessions, 500) : 0
      if (taken === 0) except.add(node.id)
      else this.#join(node, stream, taken)
      left -= taken
    }
  }

  leave(id: string, stream: string, viewers: number): void {
    const node = this.nodes.get(id)!
    const carried = node.carried.get(stream)!
    carried.viewers -= viewers
    node.sessions -= viewers
    this.#releaseIdle(id, stream)
  }

  /** What all nodes announce each second. */
  announce(): void {
    for (const node of this.nodes.values()) {
      if (node.alive) this.records.set(node.id, truth.recordOf(node))
    }
  }

  /** Nodes are gone, now. @returns viewers that were there, by stream and region */
  lose(ids: Iterable<string>): { stream: string; region: string; viewers: number }[] {
    const lost = [...ids].map((id) => this.nodes.get(id)!)
    for (const node of lost) node.alive = false
    const viewers = []
    for (const { id, region, carried } of lost) {
      for (const [stream, { viewers: here, parent, children }] of carried) {
        if (here > 0) viewers.push({ stream, region, viewers: here })
        const above = this.nodes.get(parent ?? '')
        if (above?.alive)
          this.events.after(detection, () => this.#removeChild(above.id, stream, id))
        for (const child of children) {
          this.events.after(detection, () => this.#orphan(child, stream, id))
        }
      }
      this.events.after(lease, () => this.#forget(id))
    }
    return viewers
  }

  #join(node: SimulatedNode, stream: string, viewers: number): void {
    const known = node.carried.get(stream)
    const carried = known ?? this.#carry(node, stream)
    carried.viewers += viewers
    node.sessions += viewers
    if (!known) this.#search(node.id, stream, carried, undefined)
  }

  #carry(node: SimulatedNode, stream: string): Carried {
    const carried = truth.newCarried()
    node.carried.set(stream, carried)
    return carried
  }

  #orphan(id: string, stream: string, lost: string): void {
    const carried = this.#at(id, stream)
    if (carried?.parent !== lost) return
    const depth = this.carriers.get(stream)?.get(id)?.depth ?? 1
    carried.parent = undefined
    this.#search(id, stream, carried, lost, depth)
  }

  #search(
    id: string,
    stream: string,
    carried: Carried,
    ...[lost, depth = 1]: [lost: string | undefined, depth?: number]
  ): void {
    const { standby } = carried
    const known = { ...(lost && { lost }), ...(standby && { standby }) }
    carried.search = new Reattachment({ stream, node: id, depth, ...known }, this.events.now)
    this.orphans.add(`${id} ${stream}`)
    this.#wake(id, stream, carried.search)
  }

  #wake(id: string, stream: string, search: Reattachment): void {
    const delay = Math.max(search.nextTimeout - this.events.now, 0)
    this.events.after(delay, () => this.#poll(id, stream, search))
  }

  #poll(id: string, stream: string, search: Reattachment): void {
    const carried = this.#at(id, stream)
    if (carried?.search !== search || this.events.now < search.nextTimeout) return
    const question = { stream, node: id, distance: this.#latency }
    const step = search.poll(this.events.now, (avoid) =>
      chooseParents(this.view, { ...question, avoid }),
    )
    if (step?.kind === 'ask') {
      const { parent } = step
      this.events.after(this.#between(id, parent), () => this.#asked(parent, stream, id))
    } else if (step?.kind === 'split') {
      for (const child of carried.children) {
        this.#removeChild(id, stream, child)
        this.#orphan(child, stream, id)
      }
    }
    this.#wake(id, stream, search)
  }

  #asked(id: string, stream: string, child: string): void {
    const node = this.nodes.get(id)!
    if (!node.alive) return
    this.requests++
    this.peakRequests = Math.max(this.peakRequests, truth.countRequest(node, this.events.now))
    const carried = node.carried.get(stream)
    if (carried && this.pathOf(id, stream)) {
      this.#answer(id, stream, child)
      return
    }
    const mayBegin = node.roles.includes('relay') && this.#at(child, stream)?.children.size === 0
    if (!mayBegin || (carried && carried.children.size > 0)) {
      this.#refuse(id, stream, child)
      return
    }
    const begun = carried ?? this.#carry(node, stream)
    begun.waiting.add(child)
    if (!carried) this.#search(id, stream, begun, this.#at(child, stream)?.search?.lost)
  }

  #answer(id: string, stream: string, child: string): void {
    const path = this.pathOf(id, stream)
    const node = this.nodes.get(id)!
    const children = node.carried.get(stream)!.children
    const isOrigin = this.streams.get(stream)?.origin === id
    const height = truth.trueHeight(this.nodes, stream, child)
    const full = node.children >= node.childLimit || (!isOrigin && children.size >= fanOut)
    const offer = { node: child, path: [id, ...(path ?? [])], height }
    if (!path || full || refusesPath(offer)) {
      this.#refuse(id, stream, child)
      return
    }
    children.add(child)
    node.children++
    this.#tell(id, stream)
    this.events.after(this.#between(id, child), () => this.#accepted(child, stream, id))
  }

  #refuse(id: string, stream: string, child: string): void {
    this.events.after(this.#between(id, child), () => {
      const search = this.#at(child, stream)?.search
      if (!search) return
      search.refuse(id, this.events.now)
      this.#wake(child, stream, search)
    })
  }

  #accepted(id: string, stream: string, parent: string): void {
    const carried = this.#at(id, stream)
    const wanted = carried?.search?.asked === parent && this.nodes.get(parent)!.alive
    const path = wanted ? this.pathOf(parent, stream) : undefined
    const offer = {
      node: id,
      path: [parent, ...(path ?? [])],
      height: truth.trueHeight(this.nodes, stream, id),
    }
    if (!carried || !path || refusesPath(offer)) {
      this.#removeChild(parent, stream, id)
      this.#refuse(parent, stream, id)
      return
    }
    carried.parent = parent
    if (carried.search?.lost !== undefined) this.lastAttached = this.events.now
    carried.search = undefined
    this.orphans.delete(`${id} ${stream}`)
    this.#tellBelow(id, stream)
    const question = { stream, node: id, distance: this.#latency }
    carried.standby = chooseStandby(this.view, question, parent)
    const waiting = [...carried.waiting]
    carried.waiting.clear()
    for (const child of waiting) this.#answer(id, stream, child)
  }

  /** As it really is: from the parent to the origin. @returns undefined for an orphan's subtree */
  pathOf(id: string, stream: string): string[] | undefined {
    return truth.truePath(this.nodes, stream, { id, origin: this.streams.get(stream)?.origin })
  }

  #removeChild(id: string, stream: string, child: string): void {
    const carried = this.nodes.get(id)!.carried.get(stream)
    if (!carried?.children.delete(child)) return
    this.nodes.get(id)!.children--
    this.#tell(id, stream)
    this.#releaseIdle(id, stream)
  }

  #releaseIdle(id: string, stream: string): void {
    const carried = this.#at(id, stream)
    if (!carried || carried.viewers + carried.children.size + carried.waiting.size > 0) return
    if (carried.search || this.streams.get(stream)?.origin === id) return
    const { parent } = carried
    this.nodes.get(id)!.carried.delete(stream)
    this.carriers.get(stream)?.delete(id)
    if (parent !== undefined) this.#removeChild(parent, stream, id)
  }

  #tellBelow(id: string, stream: string): void {
    this.#tell(id, stream)
    for (const child of this.#at(id, stream)?.children ?? []) this.#tellBelow(child, stream)
  }

  #tell(id: string, stream: string): void {
    const carried = this.#at(id, stream)
    const path = this.pathOf(id, stream)
    if (!carried || !path) return
    const { parent, children } = carried
    const record = { stream, node: id, parent, depth: path.length, children: children.size }
    this.carriers.get(stream)!.set(id, record)
  }

  #forget(id: string): void {
    this.records.delete(id)
    for (const stream of this.nodes.get(id)!.carried.keys()) this.carriers.get(stream)?.delete(id)
  }

  #at(id: string, stream: string): Carried | undefined {
    return truth.carriedBy(this.nodes, id, stream)
  }

  #between(one: string, other: string): number {
    return this.#latency(this.nodes.get(one)!.region, this.nodes.get(other)!.region)
  }
}
