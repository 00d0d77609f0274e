import type { NodeRecord } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { shareOf } from './hash.ts'
import { loadSteps } from './limits.ts'
import { hasRoom, loadOf } from './load.ts'
import type { PlacementQuestion } from './placement.ts'
import { nearestFirst, sameOrNot } from './regions.ts'

/** Edges looked at for each viewer, at most: those of a region with the least to do. */
const mostEdges = 64

/** So much of an edge's load is borne rather than to begin the stream at one more. */
const branchWorth = 1 / loadSteps

/** An edge that takes viewers over. */
interface Refuge {
  node: NodeRecord
  /** Sessions there when it was first looked at, and those sent there since. */
  readonly before: number
  sent: number
  /** Streams of those who were sent: their tree reaches it by now. */
  readonly streams: Set<string>
}

/**
 * Where the viewers of a node that goes shall go: each to the edge that will have the least to do,
 * of the nearest region that has room for him. One that has the stream counts as less laden by a
 * step of load: so the edges end within one of each other, and few of them begin the stream.
 *
 * Loads that others tell are late, so it counts whom it has sent itself. It keeps one number per
 * edge, and looks at the view once for each `deal`.
 */
export class ViewerSpread {
  readonly #view: ClusterView
  readonly #question: Omit<PlacementQuestion, 'stream'>
  readonly #refuges = new Map<string, Refuge>()

  constructor(view: ClusterView, question: Omit<PlacementQuestion, 'stream'>) {
    this.#view = view
    this.#question = question
  }

  /**
   * @param streams of each viewer that goes now
   * @returns the node for each of them, in the same order; undefined where no edge has room
   */
  deal(streams: readonly string[]): (string | undefined)[] {
    const tiers = new Tiers(this.#refugesByRegion())
    return streams.map((stream) => {
      const refuge = this.#choose(tiers, stream)
      if (!refuge) return undefined
      refuge.sent++
      refuge.streams.add(stream)
      return refuge.node.id
    })
  }

  /** The nearest first; those of a region are looked for when those before it are full. */
  *#refugesByRegion(): Generator<readonly Refuge[], void> {
    const { region, except, distance = sameOrNot } = this.#question
    const byRegion = this.#view.nodesByRegion('edge')
    for (const tier of nearestFirst(byRegion.keys(), (to) => distance(region, to))) {
      const refuges = tier
        .flatMap((one) => [...(byRegion.get(one) ?? [])])
        .map((id) => this.#view.nodes.get(id)!)
        .filter((node) => hasRoom(node, 'session') && !except?.has(node.id))
        .map((node) => this.#refuge(node))
      yield leastLaden(refuges)
    }
  }

  #refuge(node: NodeRecord): Refuge {
    const known = this.#refuges.get(node.id)
    if (known) {
      known.node = node
      return known
    }
    const refuge = { node, before: node.load.sessions, sent: 0, streams: new Set<string>() }
    this.#refuges.set(node.id, refuge)
    return refuge
  }

  #choose(tiers: Iterable<readonly Refuge[]>, stream: string): Refuge | undefined {
    const carriers = this.#view.carriers.get(stream)
    for (const refuges of tiers) {
      let [found, least]: [Refuge | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
      for (const refuge of refuges) {
        const load = projected(refuge)
        if (sessionsAt(refuge) >= refuge.node.load.sessionLimit) continue
        const has = refuge.streams.has(stream) || carriers?.has(refuge.node.id) === true
        // Of equals each stream has an order of its own.
        const tie = shareOf(stream, refuge.node.id) / 1e6
        const cost = load + (has ? 0 : branchWorth) + tie
        if (cost < least) [found, least] = [refuge, cost]
      }
      if (found) return found
    }
    return undefined
  }
}

/** What a generator gives, kept: it is gone on with only where more is asked for. */
class Tiers implements Iterable<readonly Refuge[]> {
  readonly #rest: Iterator<readonly Refuge[], void>
  readonly #known: (readonly Refuge[])[] = []

  constructor(tiers: Iterator<readonly Refuge[], void>) {
    this.#rest = tiers
  }

  *[Symbol.iterator](): Generator<readonly Refuge[], void> {
    for (let at = 0; ; at++) {
      const known = this.#known[at]
      const next = known ? undefined : this.#rest.next()
      if (next?.done) return
      const tier = known ?? next!.value!
      if (!known) this.#known.push(tier)
      yield tier
    }
  }
}

// Those who were sent there are in what it tells, or will be.
function sessionsAt({ node, before, sent }: Refuge): number {
  return Math.max(node.load.sessions, before + sent)
}

function projected(refuge: Refuge): number {
  const { node } = refuge
  return Math.max(loadOf(node, 'session'), sessionsAt(refuge) / node.load.sessionLimit)
}

function leastLaden(refuges: readonly Refuge[]): Refuge[] {
  if (refuges.length <= mostEdges) return [...refuges]
  return refuges.toSorted((one, other) => projected(one) - projected(other)).slice(0, mostEdges)
}
