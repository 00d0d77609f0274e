import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { CarrierRecord, ClusterView } from '#control/registry.ts'
import { hashOf } from '#control/topology/hash.ts'
import { comfortableLoad, fanOut, fanOutKeptForRelays, maxDepth } from '#control/topology/limits.ts'
import { hasRoom, loadOf, loadStep, understand } from '#control/topology/load.ts'
import type { ParentQuestion } from '#control/topology/parents.ts'
import type { PlacementQuestion } from '#control/topology/placement.ts'
import { compareRanks, type Rank } from '#control/topology/rank.ts'
import { sameOrNot } from '#control/topology/regions.ts'
import { depthOf, pathAbove } from '#control/topology/tree.ts'

// What control/topology/ answers by its index, by a walk over everything: the rules once more,
// written to be obvious, and the answer that every shortcut has to give.

/** What is asked of every candidate, looked up once. */
interface Search extends Required<Omit<ParentQuestion, 'most'>> {
  readonly view: ClusterView
  readonly self: NodeRecord | undefined
  readonly isRelay: boolean
  readonly origin: string | undefined
  /** Links of the deepest branch that the node brings along. */
  readonly height: number
}

// In the order in which they are asked.
const [ownRegion, newRelay, otherRegion, lastResort, brokenPath] = [0, 1, 2, 3, 4] as const

export function walkForParents(view: ClusterView, question: ParentQuestion): string[] {
  return ranked(view, question).map(({ id }) => id)
}

export function walkForStandby(
  view: ClusterView,
  question: ParentQuestion,
  parent: string,
): string | undefined {
  const isOrigin = view.streams.get(question.stream)?.origin === parent
  const isBelow = (id: string) => pathAbove(view, question.stream, id).nodes.includes(parent)
  const others = ranked(view, question).filter(({ id }) => id !== parent)
  return others.find(({ id }) => isOrigin || !isBelow(id))?.id
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
    height: Math.max(walkForHeight(view, stream, node), isRelay ? 1 : 0),
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

function usable({ view, node, self, avoid, origin }: Search, id: string): NodeRecord | undefined {
  const candidate = view.nodes.get(id)
  if (!candidate || id === node || avoid.has(id) || !hasRoom(candidate, 'child')) return undefined
  if (id !== origin && !candidate.roles.includes('relay')) return undefined
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

/** Links to the farthest node below; 0 for one without children, or that does not carry it. */
export function walkForHeight(view: ClusterView, stream: string, node: string): number {
  const carriers = view.carriers.get(stream)
  if (!carriers?.get(node)?.children) return 0
  let height = 0
  for (const other of carriers.keys()) {
    height = Math.max(height, pathAbove(view, stream, other).nodes.indexOf(node) + 1)
  }
  return height
}

export function walkForViewer(view: ClusterView, question: PlacementQuestion): string | undefined {
  const { stream } = question
  const carriers = stream === undefined ? undefined : view.carriers.get(stream)
  return best(view, { ...question, role: 'edge' }, (node) => {
    const crowded = loadOf(node, 'session') >= comfortableLoad ? 2 : 0
    return crowded + (carriers?.has(node.id) ? 0 : 1)
  })
}

export function walkForPublisher(
  view: ClusterView,
  question: PlacementQuestion & { readonly stream: string },
): string | undefined {
  const { stream, except } = question
  const node = view.nodes.get(view.streams.get(stream)?.origin ?? '')
  if (node && !except?.has(node.id) && suits(node, 'ingest')) return node.id
  return best(view, { ...question, role: 'ingest' }, () => 0)
}

function best(
  view: ClusterView,
  question: PlacementQuestion & { readonly role: NodeRole },
  groupOf: (node: NodeRecord) => number,
): string | undefined {
  const { region, stream = '', except, distance = sameOrNot, role } = question
  let found: Rank | undefined
  for (const node of view.nodes.values()) {
    if (!suits(node, role) || except?.has(node.id)) continue
    const far = distance(region, node.region)
    if (found && far > found.distance) continue
    const rank: Rank = {
      id: node.id,
      group: 0,
      distance: far,
      depth: 0,
      load: groupOf(node) * 1000 + loadStep(node, 'session'),
      tie: hashOf(stream, node.id),
    }
    if (!found || compareRanks(rank, found) < 0) found = rank
  }
  return found?.id
}

function suits(node: NodeRecord, role: NodeRole): boolean {
  return node.roles.includes(role) && hasRoom(node, 'session')
}
