import { Betterment } from '#control/topology/betterment.ts'
import { chooseBetter } from '#control/topology/parents.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { Carried } from './simulated-node.ts'

/** One stream at one node. */
export interface SimulatedBranch {
  readonly id: string
  readonly stream: string
  readonly carried: Carried
}

/** Branches that have a parent look for a better one, each in its own time. */
export class SimulatedBetterment {
  /** Nobody moves meanwhile: what is looked at shall hold still. */
  isPaused = false
  readonly #network: SimulatedNetwork
  readonly #move: (branch: SimulatedBranch, parent: string) => void

  constructor(network: SimulatedNetwork, move: (branch: SimulatedBranch, parent: string) => void) {
    this.#network = network
    this.#move = move
  }

  /** It has another parent. */
  placed(branch: SimulatedBranch): void {
    const { id, stream, carried } = branch
    carried.betterment ??= new Betterment({ node: id, stream })
    carried.betterment.placed(this.#network.events.now)
    this.#wake(branch, carried.betterment)
  }

  #wake(branch: SimulatedBranch, betterment: Betterment): void {
    const { events } = this.#network
    const due = betterment.nextTimeout
    const poll = () => {
      if (betterment.nextTimeout !== due) return
      if (this.isPaused) events.after(1000, poll)
      else this.#poll(branch, betterment)
    }
    events.after(due - events.now, poll)
  }

  #poll(branch: SimulatedBranch, betterment: Betterment): void {
    const { id, stream, carried } = branch
    const { nodes, distance, events } = this.#network
    const { parent, search } = carried
    const node = nodes.get(id)!
    if (!node.alive || node.carried.get(stream) !== carried || parent === undefined) return
    const choose = () => {
      const question = { stream, node: id, distance }
      return search ? undefined : chooseBetter(this.#network.viewAt(id), question, parent)
    }
    const step = betterment.poll(events.now, choose)
    if (step?.kind === 'move') this.#move(branch, step.parent)
    this.#wake(branch, betterment)
  }
}
