import type { OfferedEdge } from '#control/http/edge-routes.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { hasRoom, loadOf } from '#control/topology/load.ts'

/** As many as a page asks for their round trip at a time. */
const mostEdges = 8
const mostPerRegion = 2

/** What is asked of a node that may be one of a cluster. */
interface Shared {
  readonly isShared: boolean
  readonly view: ClusterView
}

/** Edges with room, one or two of each region, those of least load; none of a node that is alone. */
export function offeredEdges({ isShared, view }: Shared): OfferedEdge[] {
  if (!isShared) return []
  const edges = [...view.nodes.values()].filter(
    (node) => node.roles.includes('edge') && hasRoom(node, 'session'),
  )
  const regions = new Map<string, NodeRecord[]>()
  for (const edge of edges.toSorted((a, b) => loadOf(a, 'session') - loadOf(b, 'session'))) {
    const known = regions.get(edge.region)
    if (!known) regions.set(edge.region, [edge])
    else if (known.length < mostPerRegion) known.push(edge)
  }
  const firsts = [...regions.values()].map(([first]) => first!)
  const seconds = [...regions.values()].flatMap((all) => all.slice(1))
  return [...firsts, ...seconds]
    .slice(0, mostEdges)
    .map(({ origin, region }) => ({ origin, region }))
}

/** Origins named to a browser one by one, at most. */
const mostOrigins = 16

/**
 * Where the pages of a node may connect to, as a Content-Security-Policy has it: they follow
 * redirects. The origins of the cluster, or, of a large one, any.
 */
export function connectSources({ isShared, view }: Shared, target: string | undefined): string[] {
  const origins = new Set(target === undefined ? [] : [new URL(target).origin])
  for (const { origin } of isShared ? view.nodes.values() : []) {
    origins.add(origin)
    if (origins.size > mostOrigins) return ['https:', 'http:']
  }
  return [...origins]
}
