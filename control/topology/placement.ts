import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { hashOf } from './hash.ts'
import { comfortableLoad } from './limits.ts'
import { hasRoom, loadOf, loadStep } from './load.ts'
import { compareRanks, type Rank } from './rank.ts'
import { nearestFirst, type RegionDistance, sameOrNot } from './regions.ts'

export interface PlacementQuestion {
  /** Region of whoever comes; one that no node is in is as far from all as `distance` says. */
  readonly region: string
  /** What is viewed or published; absent: not known yet. */
  readonly stream?: string
  /** Those that have refused, or that were tried in vain. */
  readonly except?: ReadonlySet<string>
  readonly distance?: RegionDistance
}

/**
 * The edge for a viewer: of the nearest region with room; there one that carries the stream
 * already, so that its tree stays small, unless only a node without it is below the comfortable
 * load; of equals one of little load, then a hash decides.
 *
 * @returns undefined when there is none
 */
export function placeViewer(view: ClusterView, question: PlacementQuestion): string | undefined {
  const { stream } = question
  const carriers = stream === undefined ? undefined : view.carriers.get(stream)
  return best(view, { ...question, role: 'edge' }, (node) => {
    const crowded = loadOf(node, 'session') >= comfortableLoad ? 2 : 0
    return crowded + (carriers?.has(node.id) ? 0 : 1)
  })
}

/**
 * The ingest for a publisher: where the stream is now, so that one who returns continues it; else
 * one of the nearest region with room.
 *
 * @returns undefined when there is none
 */
export function placePublisher(
  view: ClusterView,
  question: PlacementQuestion & { readonly stream: string },
): string | undefined {
  const { stream, except } = question
  const present = view.streams.get(stream)?.origin
  const node = present === undefined ? undefined : view.nodes.get(present)
  const isIngest = node?.roles.includes('ingest') && !except?.has(node.id)
  if (node && isIngest && hasRoom(node, 'session')) return node.id
  return best(view, { ...question, role: 'ingest' }, () => 0)
}

function best(
  view: ClusterView,
  question: PlacementQuestion & { readonly role: NodeRole },
  groupOf: (node: NodeRecord) => number,
): string | undefined {
  const { region, stream = '', except, distance = sameOrNot, role } = question
  const byRegion = view.nodesByRegion(role)
  for (const tier of nearestFirst(byRegion.keys(), (to) => distance(region, to))) {
    let found: Rank | undefined
    for (const id of tier.flatMap((one) => [...(byRegion.get(one) ?? [])])) {
      const node = view.nodes.get(id)!
      if (!hasRoom(node, 'session') || except?.has(id)) continue
      const [group, load, tie] = [groupOf(node), loadStep(node, 'session'), hashOf(stream, id)]
      const rank = { id, group, distance: 0, depth: 0, load, tie }
      if (!found || compareRanks(rank, found) < 0) found = rank
    }
    if (found) return found.id
  }
  return undefined
}
