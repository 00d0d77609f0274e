import { fanOut, maxDepth } from '#control/topology/limits.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'
import { type Carried, type SimulatedNode, truePath } from './simulated-node.ts'

/**
 * What must not be, once a cluster has been left alone for a while; ten of them at most.
 *
 * @param except a region where it may
 */
export function faultsOf(cluster: SimulatedCluster, except?: string): string[] {
  const faults: string[] = []
  for (const node of cluster.nodes.values()) {
    if (!node.alive || node.region === except) continue
    let [viewers, children] = [0, 0]
    for (const [stream, carried] of node.carried) {
      viewers += carried.viewers
      children += carried.children.size
      for (const fault of branchFaults(cluster, { node, stream, carried })) {
        faults.push(`${node.id} ${stream}: ${fault}`)
      }
    }
    if (viewers !== node.sessions || children !== node.children) faults.push(`${node.id}: counts`)
    const isFull = viewers > node.sessionLimit || children > node.childLimit
    if (isFull) faults.push(`${node.id}: over its limits`)
  }
  return faults.slice(0, 10)
}

function branchFaults(
  { network, branches }: SimulatedCluster,
  at: { readonly node: SimulatedNode; readonly stream: string; readonly carried: Carried },
): string[] {
  const { stream, carried } = at
  const { id } = at.node
  const path = truePath(network.nodes, stream, id)
  const view = network.viewAt(id)
  // Of a stream that nobody there publishes, all wait.
  if (path === undefined && !view.streams.has(stream)) return []
  if (path === undefined || path === 'cycle') return [path ?? 'no way to the origin']
  const record = view.streams.get(stream)
  const { parent, children, above, isOrigin } = carried
  const told = view.carriers.get(stream)?.get(id)
  const rules: [string, boolean][] = [
    ['too deep', path.length <= maxDepth],
    ['too many children', isOrigin || children.size <= fanOut],
    ['believes in another path', `${above}` === `${path}`],
    ['follows a publisher that lost', record?.origin === (path.at(-1) ?? id)],
    ['has another epoch', record?.epoch === carried.epoch],
    [
      'its parent ignores it',
      parent === undefined || !!branches.at(parent, stream)?.children.has(id),
    ],
    [
      'a child ignores it',
      [...children].every((child) => branches.at(child, stream)?.parent === id),
    ],
    ['the registry has another parent', told?.parent === parent && told?.depth === path.length],
    ['the registry has other children', told?.children === children.size],
    ['still looks for a parent', carried.search === undefined && carried.waiting.size === 0],
  ]
  return rules.filter(([, holds]) => !holds).map(([fault]) => fault)
}
