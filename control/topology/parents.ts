import type { NodeRecord } from '#control/node-record.ts'
import type { CarrierRecord, ClusterView } from '#control/registry.ts'
import { hashOf } from './hash.ts'
import { fanOut, fanOutKeptForRelays, maxDepth } from './limits.ts'
import { hasRoom, loadStep, understand } from './load.ts'
import { compareRanks, type Rank } from './rank.ts'
import { type RegionDistance, sameOrNot } from './regions.ts'
import { depthOf, heightOf, pathAbove } from './tree.ts'

export interface ParentQuestion {
  readonly stream: string
  /** Who looks for a parent. */
  readonly node: string
  /** Those that have refused, or that are known to be lost. */
  readonly avoid?: ReadonlySet<string>
  readonly distance?: RegionDistance
}

/** What is asked of every candidate, looked up once. */
interface Search extends Required<ParentQuestion> {
  readonly view: ClusterView
  readonly self: NodeRecord | undefined
  readonly isRelay: boolean
  readonly origin: string | undefined
  /** Links of the deepest branch that the node brings along. */
  readonly height: number
}

// In the order in which they are asked.
const [ownRegion, newRelay, otherRegion, lastResort, brokenPath] = [0, 1, 2, 3, 4] as const

/**
 * Whom to ask for a stream, the best first: carriers of the node's own region; relays there that do
 * not have it yet, unless the node is a relay itself; carriers of other regions, the nearest first;
 * the origin; at last carriers whose path to the origin the view does not show. Of equals the one
 * of least depth, then of least load, then a hash decides, so that nodes spread.
 *
 * A relay takes the origin like a carrier of the origin's region, after the others there: else the
 * first relay anywhere would stand above all. Everybody else leaves the origin alone while there
 * is another way.
 *
 * @returns ids; empty where nobody is left, and for the origin itself
 */
export function chooseParents(view: ClusterView, question: ParentQuestion): string[] {
  return ranked(view, question).map(({ id }) => id)
}

/**
 * Another one to change to when the parent is lost: the best candidate that does not get the stream
 * through it. A relay that has no path yet counts, since by then it finds the parent gone too.
 * Below the origin every path leads to the parent: there any other node is a way around the link.
 */
export function chooseStandby(
  view: ClusterView,
  question: ParentQuestion,
  parent: string,
): string | undefined {
  const { stream } = question
  const isOrigin = view.streams.get(stream)?.origin === parent
  const candidates = ranked(view, question).filter(({ id }) => id !== parent)
  return candidates.find(
    ({ id }) => isOrigin || !pathAbove(view, stream, id).nodes.includes(parent),
  )?.id
}

function ranked(view: ClusterView, question: ParentQuestion): Rank[] {
  const { stream, node } = question
  const self = view.nodes.get(node)
  const origin = view.streams.get(stream)?.origin
  if (origin === node) return []
  const isRelay = self?.roles.includes('relay') ?? false
  const search: Search = {
    avoid: new Set(),
    distance: sameOrNot,
    ...question,
    view,
    self,
    isRelay,
    origin,
    // A relay at the full depth would be of no use to those it is there for.
    height: Math.max(heightOf(view, stream, node), isRelay ? 1 : 0),
  }
  const ranks = carrierRanks(search)
  if (!isRelay) ranks.push(...newRelayRanks(search))
  return ranks.sort(compareRanks)
}

function carrierRanks(search: Search): Rank[] {
  const { view, stream, origin } = search
  const carriers = view.carriers.get(stream)
  const ranks: Rank[] = []
  for (const carrier of carriers?.values() ?? []) {
    const rank = carrier.node === origin ? undefined : carrierRank(search, carrier)
    if (rank) ranks.push(rank)
  }
  // It has the stream, whether or not the view says yet that it carries it.
  const rank = origin === undefined ? undefined : originRank(search, origin)
  if (rank) ranks.push(rank)
  return ranks
}

function carrierRank(search: Search, carrier: CarrierRecord): Rank | undefined {
  const { view, stream, node, self } = search
  const candidate = usable(search, carrier.node)
  if (!candidate || carrier.children >= fanOutFor(search)) return undefined
  const path = pathAbove(view, stream, carrier.node)
  const depth = depthOf(carrier, path)
  if (path.nodes.includes(node) || depth + 1 + search.height > maxDepth) return undefined
  if (!path.whole) return rankOf(search, candidate, { group: brokenPath, depth })
  const group = candidate.region === self?.region ? ownRegion : otherRegion
  return rankOf(search, candidate, { group, depth })
}

function originRank(search: Search, origin: string): Rank | undefined {
  const candidate = usable(search, origin)
  if (!candidate || 1 + search.height > maxDepth) return undefined
  const { view, stream, self, isRelay } = search
  const children = view.carriers.get(stream)?.get(origin)?.children ?? 0
  if (!isRelay || children >= fanOut) {
    return rankOf(search, candidate, { group: lastResort, depth: 0 })
  }
  const group = candidate.region === self?.region ? ownRegion : otherRegion
  // Behind every other carrier of its region.
  return rankOf(search, candidate, { group, depth: maxDepth })
}

function newRelayRanks(search: Search): Rank[] {
  const { view, stream, self } = search
  const carriers = view.carriers.get(stream)
  const ranks: Rank[] = []
  for (const { id, region, roles } of view.nodes.values()) {
    if (region !== self?.region || !roles.includes('relay') || carriers?.has(id)) continue
    const candidate = id === search.origin ? undefined : usable(search, id)
    // With a subtree below, a relay that goes in between may make it too deep.
    if (candidate && 2 + search.height <= maxDepth) {
      ranks.push(rankOf(search, candidate, { group: newRelay, depth: 0 }))
    }
  }
  return ranks
}

function usable({ view, node, self, avoid }: Search, id: string): NodeRecord | undefined {
  const candidate = view.nodes.get(id)
  if (!candidate || id === node || avoid.has(id) || !hasRoom(candidate, 'child')) return undefined
  return self && !understand(self, candidate) ? undefined : candidate
}

function fanOutFor({ isRelay }: Search): number {
  return isRelay ? fanOut : fanOut - fanOutKeptForRelays
}

function rankOf(
  { node, self, stream, distance, isRelay }: Search,
  candidate: NodeRecord,
  { group, depth }: Pick<Rank, 'group' | 'depth'>,
): Rank {
  const { id, region } = candidate
  return {
    id,
    group,
    distance: self ? distance(self.region, region) : 0,
    depth,
    load: loadStep(candidate, 'child'),
    // Those who look for a relay that has to begin look for the same: one relay per stream and
    // region, until it is full.
    tie: hashOf(group === newRelay && !isRelay ? stream : node, id),
  }
}
