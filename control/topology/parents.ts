import type { NodeRecord } from '#control/node-record.ts'
import type { CarrierRecord, ClusterView } from '#control/registry.ts'
import { hashOf } from './hash.ts'
import { fanOut, fanOutKeptForRelays, maxDepth } from './limits.ts'
import { hasRoom, loadOf, loadStep, understand } from './load.ts'
import { compareRanks, type Rank } from './rank.ts'
import { nearestFirst, type RegionDistance, sameOrNot } from './regions.ts'
import { depthOf, heightOf, pathAbove } from './tree.ts'

export interface ParentQuestion {
  readonly stream: string
  /** Who looks for a parent. */
  readonly node: string
  /** Those that have refused, or that are known to be lost. */
  readonly avoid?: ReadonlySet<string>
  readonly distance?: RegionDistance
  /** So many are wanted; all of them by default. The first one of thousands is found soon. */
  readonly most?: number
}

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
/** A region counts as nearer than another when it is by this factor. */
const notablyNearer = 0.8
/** Of what a node may have, children and load, so much must be free for others to move there. */
const freeToMoveTo = 0.25

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
  const { most = Number.POSITIVE_INFINITY } = question
  const ids: string[] = []
  for (const { id } of ranked(view, question)) {
    if (ids.length >= most) break
    ids.push(id)
  }
  return ids
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
  for (const { id } of ranked(view, question)) {
    if (id === parent) continue
    if (isOrigin || !pathAbove(view, stream, id).nodes.includes(parent)) return id
  }
  return undefined
}

/**
 * Somebody to change to though the parent is there:
 *
 * - one of a better group, which is who left its region, or fled to the origin, when others had gone;
 * - one of a region that is notably nearer, or with fewer links to the origin, and never with more;
 * - where the parent has more children than it may have, or is an origin that has half of that
 *   already, any other one of its group.
 *
 * For load alone nobody moves. Who is moved to has a good part of its room to spare, and a path that
 * the view shows: else those who move would be many, and move back.
 *
 * @returns undefined where the parent does, and where the view does not show its path
 */
export function chooseBetter(
  view: ClusterView,
  question: ParentQuestion,
  parent: string,
): string | undefined {
  const search = searchOf(view, question)
  const present = rankOfParent(search, parent)
  if (!present) return undefined
  const children = childrenOf(search, parent)
  const isCrowded = children > (parent === search.origin ? fanOut / 2 : fanOut)
  for (const rank of ranked(view, question)) {
    if (rank.group >= lastResort || isPast(rank, present, isCrowded)) return undefined
    if (rank.id === parent || rank.id === search.origin) continue
    if (!isCrowded && !isBetter(search, rank, present)) continue
    if (isSpacious(search, rank.id)) return rank.id
  }
  return undefined
}

/** Whether nobody from there on is better than the present parent. */
function isPast(rank: Rank, present: Rank, isCrowded: boolean): boolean {
  if (rank.group !== present.group) return rank.group > present.group
  return !isCrowded && rank.distance > present.distance
}

/** Where it stands, whatever room it has left. */
function rankOfParent(search: Search, parent: string): Rank | undefined {
  const { view, stream, node, self } = search
  const candidate = view.nodes.get(parent)
  if (!candidate) return undefined
  if (parent === search.origin) return originRank(search, candidate)
  const carrier = view.carriers.get(stream)?.get(parent)
  const path = pathAbove(view, stream, parent)
  if (!carrier || !path.whole || path.nodes.includes(node)) return undefined
  const group = candidate.region === self?.region ? ownRegion : otherRegion
  return rankOf(search, candidate, { group, depth: depthOf(carrier, path) })
}

function isBetter({ origin }: Search, rank: Rank, present: Rank): boolean {
  if (rank.group !== present.group) return rank.group < present.group
  // Below the origin, whatever its rank is, nobody has fewer links.
  if (present.id === origin || rank.depth > present.depth) return false
  if (rank.distance === present.distance) return rank.depth < present.depth
  return rank.distance < notablyNearer * present.distance
}

function isSpacious(search: Search, id: string): boolean {
  const isOpen = loadOf(search.view.nodes.get(id)!, 'child') <= 1 - freeToMoveTo
  return isOpen && childrenOf(search, id) <= fanOutFor(search) * (1 - freeToMoveTo)
}

/** As it tells itself. */
function childrenOf({ view, stream }: Search, id: string): number {
  return view.carriers.get(stream)?.get(id)?.children ?? 0
}

/** The best first; nobody is looked at before those who come before are used up. */
function* ranked(view: ClusterView, question: ParentQuestion): Generator<Rank, void> {
  const search = searchOf(view, question)
  const { origin, self, isRelay } = search
  if (origin === search.node) return
  const own = self?.region
  const tiers = nearestFirst(regionsOf(search), (region) => distanceTo(search, region))
  // With the origin unknown no path is whole, and there is no need to look at each.
  const isRooted = origin !== undefined && view.nodes.has(origin)
  if (isRooted && own !== undefined) yield* inOrder(search, [own], ownRegion)
  if (!isRelay) yield* newRelayRanks(search).sort(compareRanks)
  for (const tier of isRooted ? tiers : []) {
    yield* inOrder(
      search,
      tier.filter((region) => region !== own),
      otherRegion,
    )
  }
  const last = isRooted ? usableOriginRank(search, origin) : undefined
  if (last?.group === lastResort) yield last
  for (const tier of tiers) yield* inOrder(search, tier, brokenPath)
}

function searchOf(view: ClusterView, question: ParentQuestion): Search {
  const { stream, node, avoid = new Set(), distance = sameOrNot } = question
  const self = view.nodes.get(node)
  const isRelay = self?.roles.includes('relay') ?? false
  // A relay at the full depth would be of no use to those it is there for.
  const height = Math.max(heightOf(view, stream, node), isRelay ? 1 : 0)
  const origin = view.streams.get(stream)?.origin
  return { stream, node, avoid, distance, view, self, isRelay, origin, height }
}

/** Of all carriers, and of the origin: it has the stream, whether or not the view says it carries. */
function regionsOf({ view, stream, origin }: Search): ReadonlySet<string> {
  const regions = new Set(view.carriersByRegion(stream).keys())
  const region = view.nodes.get(origin ?? '')?.region
  return region === undefined ? regions : regions.add(region)
}

function inOrder(search: Search, regions: readonly string[], group: number): Rank[] {
  const { view, stream, origin } = search
  const [carriers, byRegion] = [view.carriers.get(stream), view.carriersByRegion(stream)]
  const ranks: Rank[] = []
  const add = (rank: Rank | undefined) => {
    if (rank?.group === group) ranks.push(rank)
  }
  for (const region of regions) {
    for (const id of byRegion.get(region) ?? []) {
      if (id !== origin) add(carrierRank(search, carriers!.get(id)!))
    }
    if (view.nodes.get(origin ?? '')?.region === region) add(usableOriginRank(search, origin!))
  }
  return ranks.sort(compareRanks)
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

function usableOriginRank(search: Search, origin: string): Rank | undefined {
  const candidate = usable(search, origin)
  return candidate && 1 + search.height <= maxDepth ? originRank(search, candidate) : undefined
}

function originRank(search: Search, candidate: NodeRecord): Rank {
  const { self, isRelay } = search
  if (!isRelay || childrenOf(search, candidate.id) >= fanOut) {
    return rankOf(search, candidate, { group: lastResort, depth: 0 })
  }
  const group = candidate.region === self?.region ? ownRegion : otherRegion
  // Behind every other carrier of its region.
  return rankOf(search, candidate, { group, depth: maxDepth })
}

function newRelayRanks(search: Search): Rank[] {
  const { view, stream, self } = search
  const carriers = view.carriers.get(stream)
  // With a subtree below, a relay that goes in between may make it too deep.
  if (!self || 2 + search.height > maxDepth) return []
  const ranks: Rank[] = []
  for (const id of view.nodesByRegion('relay').get(self.region) ?? []) {
    if (carriers?.has(id) || id === search.origin) continue
    const candidate = usable(search, id)
    if (candidate) ranks.push(rankOf(search, candidate, { group: newRelay, depth: 0 }))
  }
  return ranks
}

function usable({ view, node, self, avoid, origin }: Search, id: string): NodeRecord | undefined {
  const candidate = view.nodes.get(id)
  if (!candidate || id === node || avoid.has(id) || !hasRoom(candidate, 'child')) return undefined
  // An edge that has the stream is no relay for that.
  if (id !== origin && !candidate.roles.includes('relay')) return undefined
  return self && !understand(self, candidate) ? undefined : candidate
}

function fanOutFor({ isRelay }: Search): number {
  return isRelay ? fanOut : fanOut - fanOutKeptForRelays
}

function rankOf(
  search: Search,
  candidate: NodeRecord,
  { group, depth }: Pick<Rank, 'group' | 'depth'>,
): Rank {
  const { id, region } = candidate
  const { node, stream, isRelay } = search
  return {
    id,
    group,
    distance: distanceTo(search, region),
    depth,
    load: loadStep(candidate, 'child'),
    // Those who look for a relay that has to begin look for the same: one relay per stream and
    // region, until it is full.
    tie: hashOf(group === newRelay && !isRelay ? stream : node, id),
  }
}

function distanceTo({ self, distance }: Search, region: string): number {
  return self ? distance(self.region, region) : 0
}
