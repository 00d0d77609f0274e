import type { SimulatedFigures } from './simulated-figures.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import { truePath } from './simulated-node.ts'

/** Looks at each new link as somebody does who sees all nodes at once: none may close a circle. */
export class SimulatedWatch {
  readonly #network: SimulatedNetwork
  readonly #figures: SimulatedFigures
  readonly #cycles = new Map<string, { id: string; stream: string; since: number }>()

  constructor(network: SimulatedNetwork, figures: SimulatedFigures) {
    this.#network = network
    this.#figures = figures
  }

  /** This node has a new parent: a new circle would go through it. */
  look(id: string, stream: string): void {
    const { nodes, events } = this.#network
    const node = nodes.get(id)!
    const parent = nodes.get(node.carried.get(stream)!.parent!)!
    const oldest = Math.max(node.protocol.oldest, parent.protocol.oldest)
    const newest = Math.min(node.protocol.newest, parent.protocol.newest)
    if (oldest > newest) this.#figures.misunderstood++
    if (truePath(nodes, stream, id) !== 'cycle') return
    this.#figures.cycles++
    this.#cycles.set(`${id} ${stream}`, { id, stream, since: events.now })
  }

  /** Somebody has left a parent. */
  settle(): void {
    const { nodes, events } = this.#network
    for (const [key, { id, stream, since }] of this.#cycles) {
      if (truePath(nodes, stream, id) === 'cycle') continue
      this.#cycles.delete(key)
      this.#figures.longestCycle = Math.max(this.#figures.longestCycle, events.now - since)
    }
  }
}
