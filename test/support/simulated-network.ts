import { ClusterState } from '#control/cluster-state.ts'
import type { RegionDistance } from '#control/topology/regions.ts'
import { SimulatedEvents } from './simulated-events.ts'
import { recordOf, type SimulatedNode } from './simulated-node.ts'

/** Leases of the registry, ms; also how long a parent waits for a silent child. */
export const lease = 3000

/** What joins the nodes: messages that take time, and the registry. A region can be cut off both. */
export class SimulatedNetwork {
  readonly events = new SimulatedEvents()
  readonly nodes = new Map<string, SimulatedNode>()
  readonly distance: RegionDistance
  #view = new ClusterState()
  #cutView = new ClusterState()
  #cutRegion: string | undefined
  /** Since when messages between the sides are lost: each cut has its own number. */
  #cuts = 0

  /** @param distance one way between regions, ms */
  constructor(distance: RegionDistance) {
    this.distance = distance
  }

  /** The registry, as seen from a region. */
  viewOf(region: string): ClusterState {
    return region === this.#cutRegion ? this.#cutView : this.#view
  }

  viewAt(id: string): ClusterState {
    return this.viewOf(this.nodes.get(id)!.region)
  }

  reaches(one: string, other: string): boolean {
    const { nodes } = this
    const [from, to] = [nodes.get(one)!.region, nodes.get(other)!.region]
    return from === to || (from !== this.#cutRegion && to !== this.#cutRegion)
  }

  /** It gets there, unless one of the two is another process by then, or somebody cut the wire. */
  send(from: string, to: string, arrive: () => void): void {
    const [one, other] = [this.nodes.get(from)!, this.nodes.get(to)!]
    const { incarnation } = other
    if (!one.alive || !this.reaches(from, to)) return
    this.events.after(this.distance(one.region, other.region), () => {
      if (other.alive && other.incarnation === incarnation && this.reaches(from, to)) arrive()
    })
  }

  /**
   * No message passes its border, and it sees another registry, which forgets who is not there.
   *
   */
  cut(region: string): void {
    this.#cutRegion = region
    this.#cutView = new ClusterState()
    copyView(this.#view, this.#cutView, () => true)
    const number = ++this.#cuts
    this.events.after(lease, () => {
      if (this.#cutRegion !== region || this.#cuts !== number) return
      for (const { id, region: other } of this.nodes.values()) {
        if (other === region) this.#view.dropNode(id)
        else this.#cutView.dropNode(id)
      }
    })
  }

  /** Both sides tell the one registry what they have. */
  heal(): void {
    const region = this.#cutRegion
    const merged = new ClusterState()
    const isInside = (id: string) => this.nodes.get(id)!.region === region
    copyView(this.#view, merged, (id) => !isInside(id))
    copyView(this.#cutView, merged, isInside)
    this.#view = merged
    this.#cutRegion = undefined
  }

  announce(node: SimulatedNode): void {
    this.viewOf(node.region).putNode(recordOf(node))
  }
}

function copyView(from: ClusterState, to: ClusterState, isOf: (id: string) => boolean): void {
  for (const node of from.nodes.values()) if (isOf(node.id)) to.putNode(node)
  for (const record of from.streams.values()) if (isOf(record.origin)) to.putStream(record)
  for (const carriers of from.carriers.values()) {
    for (const carrier of carriers.values()) if (isOf(carrier.node)) to.putCarrier(carrier)
  }
}
