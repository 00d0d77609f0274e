import { fanOut } from '#control/topology/limits.ts'
import { chooseParents, chooseStandby } from '#control/topology/parents.ts'
import { Reattachment, reattachTiming } from '#control/topology/reattachment.ts'
import { heightOf, refusesPath } from '#control/topology/tree.ts'
import { SimulatedBetterment } from './simulated-betterment.ts'
import type { SimulatedFigures } from './simulated-figures.ts'
import type { Known, Subscribe, Told } from './simulated-messages.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import { type Carried, newCarried, type SimulatedNode } from './simulated-node.ts'
import { SimulatedWatch } from './simulated-watch.ts'

/**
 * The branches of all trees: who asks whom, as docs/tree.md has it. A node knows its own path as it
 * was told, which takes its time: so circles can come to be, and the rules have to break them.
 */
export class SimulatedBranches {
  readonly #network: SimulatedNetwork
  readonly #figures: SimulatedFigures
  readonly #namesLost: boolean
  readonly #watch: SimulatedWatch
  readonly betterment: SimulatedBetterment

  /** @param namesLost a request names the parent that was lost */
  constructor(network: SimulatedNetwork, figures: SimulatedFigures, namesLost: boolean) {
    this.#network = network
    this.#figures = figures
    this.#namesLost = namesLost
    this.#watch = new SimulatedWatch(network, figures)
    this.betterment = new SimulatedBetterment(network, ({ id, stream, carried }, parent) => {
      this.#look(id, stream, carried, { standby: parent, isOptional: true, atOnce: true })
    })
  }

  at(id: string, stream: string): Carried | undefined {
    return this.#node(id).carried.get(stream)
  }

  /** It wants the stream: the best parent is asked at once. */
  begin(id: string, stream: string, lost?: string): Carried {
    const carried = newCarried(this.#now, lost)
    this.#node(id).carried.set(stream, carried)
    const avoid = new Set(lost === undefined ? [] : [lost])
    const first = this.#choose(id, stream, avoid)
    if (first === undefined) this.#look(id, stream, carried, { lost })
    else this.#askFirst(id, stream, carried, first)
    return carried
  }

  /** A publisher is here, from now on. */
  root(id: string, stream: string, epoch: number): void {
    const carried = this.at(id, stream) ?? newCarried(this.#now)
    this.#node(id).carried.set(stream, carried)
    const { parent } = carried
    Object.assign(carried, { isOrigin: true, epoch, above: [], parent: undefined })
    carried.search = undefined
    carried.asked = undefined
    if (parent !== undefined) this.#unsubscribe(parent, stream, id)
    this.#placed(id, stream, carried)
  }

  /** The publisher is gone for good: children look for themselves. */
  unroot(id: string, stream: string): void {
    const carried = this.at(id, stream)
    if (!carried) return
    carried.isOrigin = false
    this.#split(id, stream, carried)
  }

  /** Its parent is lost, if it is this one. @param since when that was, ms */
  orphan(id: string, stream: string, lost: string, since: number): void {
    const carried = this.at(id, stream)
    if (!carried || carried.parent !== lost) return
    carried.parent = undefined
    carried.lostAt ??= since
    this.#watch.settle()
    // One that was about to move looks anew: it has not the time any more that it had.
    const question = { ...this.#question(id, stream), avoid: new Set([lost]) }
    const standby = chooseStandby(this.#network.viewAt(id), question, lost)
    this.#look(id, stream, carried, { lost, standby })
  }

  /** Its parent wants it elsewhere, and goes on until it is there. */
  move(id: string, stream: string, from: string): void {
    const carried = this.at(id, stream)
    if (carried?.parent !== from || carried.search?.isOptional === false) return
    this.#look(id, stream, carried, { lost: from })
  }

  removeChild(id: string, stream: string, child: string): void {
    const carried = this.at(id, stream)
    carried?.waiting.delete(child)
    if (carried?.children.delete(child)) {
      this.#node(id).children--
      this.#tell(id, stream, carried)
    }
    this.releaseIdle(id, stream)
  }

  releaseIdle(id: string, stream: string): void {
    const carried = this.at(id, stream)
    if (!carried || carried.isOrigin) return
    if (carried.viewers + carried.children.size + carried.waiting.size > 0) return
    this.#node(id).carried.delete(stream)
    this.#network.viewAt(id).dropCarrier(stream, id)
    if (carried.parent !== undefined) this.#unsubscribe(carried.parent, stream, id)
  }

  get #now(): number {
    return this.#network.events.now
  }

  #node(id: string): SimulatedNode {
    return this.#network.nodes.get(id)!
  }

  #question(id: string, stream: string) {
    return { stream, node: id, distance: this.#network.distance, most: 1 }
  }

  #choose(id: string, stream: string, avoid: ReadonlySet<string>): string | undefined {
    return chooseParents(this.#network.viewAt(id), { ...this.#question(id, stream), avoid })[0]
  }

  #look(id: string, stream: string, carried: Carried, known: Known): void {
    const depth = Math.max(carried.above.length, 1)
    const given = Object.entries(known).filter(([, node]) => node !== undefined)
    const options = { stream, node: id, depth, ...Object.fromEntries(given) }
    carried.search = new Reattachment(options, this.#now)
    this.#wake(id, stream, carried.search)
  }

  #wake(id: string, stream: string, search: Reattachment): void {
    const delay = Math.max(search.nextTimeout - this.#now, 0)
    this.#network.events.after(delay, () => this.#poll(id, stream, search))
  }

  #poll(id: string, stream: string, search: Reattachment): void {
    const carried = this.at(id, stream)
    const isAlive = this.#node(id).alive
    if (!isAlive || carried?.search !== search || this.#now < search.nextTimeout) return
    const { asked } = search
    const step = search.poll(this.#now, (avoid) => this.#choose(id, stream, avoid))
    if (asked !== undefined) this.#unsubscribe(asked, stream, id)
    if (step?.kind === 'stay') {
      carried.search = undefined
      return
    }
    if (step?.kind === 'ask') this.#ask(id, stream, step.parent, search.lost)
    // One that only wants to move still has a path, and so have those below.
    else if (step?.kind === 'split' && carried.parent === undefined)
      this.#split(id, stream, carried)
    this.#wake(id, stream, search)
  }

  #split(id: string, stream: string, carried: Carried): void {
    const since = carried.lostAt ?? this.#now
    for (const child of [...carried.children, ...carried.waiting]) {
      this.#network.send(id, child, () => {
        this.#refused(child, stream, id)
        this.orphan(child, stream, id, since)
      })
    }
    this.#node(id).children -= carried.children.size
    carried.children.clear()
    carried.waiting.clear()
    this.#tell(id, stream, carried)
    this.releaseIdle(id, stream)
  }

  #askFirst(id: string, stream: string, carried: Carried, parent: string): void {
    carried.asked = parent
    this.#ask(id, stream, parent, carried.lost)
    this.#network.events.after(reattachTiming.answerTimeout, () => {
      if (this.at(id, stream) !== carried || carried.asked !== parent) return
      this.#unsubscribe(parent, stream, id)
      this.#refused(id, stream, parent)
    })
  }

  #ask(id: string, stream: string, parent: string, lost: string | undefined): void {
    const asked = { child: id, stream, lost: this.#namesLost ? lost : undefined }
    this.#network.send(id, parent, () => this.#asked(parent, asked))
  }

  #asked(id: string, { child, stream, lost }: Subscribe): void {
    const node = this.#node(id)
    const figures = this.#figures
    figures.requests++
    figures.peakRequests = Math.max(figures.peakRequests, node.requests.add(this.#now))
    const carried = this.at(id, stream)
    if (node.draining) this.#refuse(id, stream, child)
    else if (carried && (carried.isOrigin || carried.parent !== undefined)) {
      this.#answer(id, stream, child)
    } else if (!node.roles.includes('relay') || (carried && carried.children.size > 0)) {
      this.#refuse(id, stream, child)
    } else {
      const { waiting } = carried ?? this.begin(id, stream, lost)
      waiting.add(child)
    }
  }

  #answer(id: string, stream: string, child: string): void {
    const node = this.#node(id)
    const carried = this.at(id, stream)!
    const path = [id, ...carried.above]
    const isFull = !carried.isOrigin && carried.children.size >= fanOut
    const isNew = !carried.children.has(child)
    if ((isNew && (isFull || node.children >= node.childLimit)) || path.includes(child)) {
      this.#refuse(id, stream, child)
      return
    }
    if (isNew) node.children++
    carried.children.add(child)
    this.#tell(id, stream, carried)
    const told = { path, epoch: carried.epoch }
    this.#network.send(id, child, () => this.#accepted(child, stream, told))
  }

  #refuse(id: string, stream: string, child: string): void {
    this.#network.send(id, child, () => this.#refused(child, stream, id))
  }

  #refused(id: string, stream: string, parent: string): void {
    const carried = this.at(id, stream)
    if (!carried) return
    if (carried.search) {
      carried.search.refuse(parent, this.#now)
      this.#wake(id, stream, carried.search)
    } else if (carried.asked === parent) {
      carried.asked = undefined
      this.#look(id, stream, carried, { lost: carried.lost, refused: parent })
    }
  }

  #accepted(id: string, stream: string, { path, epoch }: Told): void {
    const carried = this.at(id, stream)
    const parent = path[0]!
    if (carried?.parent === parent && carried.search?.asked !== parent) {
      this.#moved(id, stream, { path, epoch })
      return
    }
    const isWanted = carried?.search?.asked === parent || carried?.asked === parent
    const lost = carried?.asked === undefined ? carried?.search?.lost : carried.lost
    const isRefused = !isWanted || this.#refusesPath(id, stream, path, lost)
    if (!carried || isRefused || epoch < carried.epoch) {
      this.#unsubscribe(parent, stream, id)
      this.#refused(id, stream, parent)
      return
    }
    const before = carried.parent
    this.#figures.attached(carried, this.#now, epoch)
    Object.assign(carried, { parent, above: path, epoch, lostAt: undefined, search: undefined })
    carried.asked = undefined
    if (before !== undefined && before !== parent) this.#unsubscribe(before, stream, id)
    this.#watch.look(id, stream)
    if (before !== parent) this.betterment.placed({ id, stream, carried })
    this.#placed(id, stream, carried)
  }

  /** A parent tells of another way to the origin. */
  #moved(id: string, stream: string, { path, epoch }: Told): void {
    const carried = this.at(id, stream)
    const parent = path[0]!
    if (carried?.parent !== parent) return
    if (this.#refusesPath(id, stream, path) || epoch < carried.epoch) {
      this.#unsubscribe(parent, stream, id)
      this.orphan(id, stream, parent, this.#now)
      return
    }
    carried.above = path
    carried.epoch = epoch
    this.#placed(id, stream, carried)
  }

  #refusesPath(id: string, stream: string, path: readonly string[], lost?: string): boolean {
    const height = heightOf(this.#network.viewAt(id), stream, id)
    return refusesPath({ node: id, path, height, lost }) !== undefined
  }

  #placed(id: string, stream: string, carried: Carried): void {
    this.#tell(id, stream, carried)
    const told = { path: [id, ...carried.above], epoch: carried.epoch }
    for (const child of carried.children) {
      this.#network.send(id, child, () => this.#moved(child, stream, told))
    }
    const waiting = [...carried.waiting]
    carried.waiting.clear()
    for (const child of waiting) this.#answer(id, stream, child)
  }

  #unsubscribe(parent: string, stream: string, child: string): void {
    this.#network.send(child, parent, () => this.removeChild(parent, stream, child))
  }

  #tell(id: string, stream: string, { parent, above, children, isOrigin }: Carried): void {
    if (parent === undefined && !isOrigin) return
    const record = { stream, node: id, parent, depth: above.length, children: children.size }
    this.#network.viewAt(id).putCarrier(record)
  }
}
