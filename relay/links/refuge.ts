import type { NodeRecord } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { hasRoom, loadOf } from '#control/topology/load.ts'

/** The relay that shall take over a child of a node that goes: near, and with the least to do. */
export function refuge(
  view: ClusterView,
  leaving: Pick<NodeRecord, 'id' | 'region'>,
  child: string,
): NodeRecord | undefined {
  let best: NodeRecord | undefined
  for (const node of view.nodes.values()) {
    const isOther = node.id !== leaving.id && node.id !== child
    if (!isOther || !node.roles.includes('relay') || !hasRoom(node, 'child')) continue
    if (!best || cost(node, leaving) < cost(best, leaving)) best = node
  }
  return best
}

/** A far one costs more than any load. */
function cost(node: NodeRecord, { region }: Pick<NodeRecord, 'region'>): number {
  return loadOf(node, 'child') + (node.region === region ? 0 : 10)
}
