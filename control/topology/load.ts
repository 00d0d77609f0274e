import type { NodeRecord } from '#control/node-record.ts'
import { fullyBusy, loadSteps } from './limits.ts'

/** What somebody wants of a node: to view or publish there, or to get streams from it. */
export type Demand = 'session' | 'child'

/**
 * Load of a node: the part in use of whatever it has least left of, 0 to 1 and above 1 past its
 * limit. For a session that is sessions or cores, for a child it is links or cores. A node that
 * takes none at all (limit 0) is full.
 */
export function loadOf({ load }: NodeRecord, demand: Demand): number {
  const { sessions, sessionLimit, children, childLimit, busy } = load
  const [used, limit] = demand === 'session' ? [sessions, sessionLimit] : [children, childLimit]
  return Math.max(limit > 0 ? used / limit : 1, busy)
}

/** Whether it takes one more: not draining, below its limit, and with a core to spare. */
export function hasRoom(node: NodeRecord, demand: Demand): boolean {
  if (node.draining || node.load.busy >= fullyBusy) return false
  const { sessions, sessionLimit, children, childLimit } = node.load
  return demand === 'session' ? sessions < sessionLimit : children < childLimit
}

/** Load in steps, of which there are few: nodes of the same step count as equal. */
export function loadStep(node: NodeRecord, demand: Demand): number {
  return Math.floor(loadOf(node, demand) * loadSteps)
}

/** Whether there is a version of the protocol between nodes that both speak. */
export function understand(
  { protocol: one }: NodeRecord,
  { protocol: other }: NodeRecord,
): boolean {
  return one.oldest <= other.newest && other.oldest <= one.newest
}
