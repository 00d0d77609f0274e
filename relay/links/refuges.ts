import type { NodeRecord } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { hasRoom, loadOf } from '#control/topology/load.ts'

/**
 * The relays that shall take over the children of a node that goes, in turn: those of its region;
 * where there is none, all others. Those with the least to do come first.
 */
export function refugesFrom(
  view: ClusterView,
  leaving: Pick<NodeRecord, 'id' | 'region'>,
): NodeRecord[] {
  const relays = Array.from(view.nodes.values()).filter((node) => {
    return node.id !== leaving.id && node.roles.includes('relay') && hasRoom(node, 'child')
  })
  const near = relays.filter(({ region }) => region === leaving.region)
  const chosen = near.length > 0 ? near : relays
  return chosen.sort((a, b) => loadOf(a, 'child') - loadOf(b, 'child'))
}
