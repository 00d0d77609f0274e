import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { Reattachment } from '#control/topology/reattachment.ts'

/** One stream at one node. */
export interface Carried {
  parent: string | undefined
  readonly children: Set<string>
  viewers: number
  standby: string | undefined
  /** While it has no parent. */
  search: Reattachment | undefined
  /** Children whose requests wait until this one has a parent itself. */
  readonly waiting: Set<string>
}

/** What a node really has; the view tells what it last announced. */
export interface SimulatedNode {
  readonly id: string
  readonly region: string
  readonly roles: readonly NodeRole[]
  readonly sessionLimit: number
  readonly childLimit: number
  readonly carried: Map<string, Carried>
  alive: boolean
  sessions: number
  children: number
  /** Subscribe requests of the present second, and that second. */
  requests: number
  second: number
}

export function recordOf(node: SimulatedNode): NodeRecord {
  const { id, region, roles, sessions, sessionLimit, children, childLimit } = node
  return {
    id,
    incarnation: 1,
    region,
    roles,
    origin: `https://${id}.test`,
    nodeOrigin: `https://${id}.test`,
    draining: false,
    protocol: { oldest: 1, newest: 1 },
    load: { sessions, sessionLimit, children, childLimit, busy: 0 },
  }
}

export function newCarried(): Carried {
  return {
    parent: undefined,
    children: new Set(),
    viewers: 0,
    standby: undefined,
    search: undefined,
    waiting: new Set(),
  }
}

/** @throws Error when parents run in a circle */
export function truePath(
  nodes: ReadonlyMap<string, SimulatedNode>,
  stream: string,
  { id, origin }: { readonly id: string; readonly origin: string | undefined },
): string[] | undefined {
  const path: string[] = []
  let at = id
  while (at !== origin) {
    const node = nodes.get(at)
    const parent = node?.alive ? node.carried.get(stream)?.parent : undefined
    if (parent === undefined) return undefined
    if (path.includes(parent) || parent === id) throw new Error(`a cycle at ${id} for ${stream}`)
    path.push(parent)
    at = parent
  }
  return nodes.get(at)?.alive ? path : undefined
}

/** Links to the farthest node below. */
export function trueHeight(
  nodes: ReadonlyMap<string, SimulatedNode>,
  stream: string,
  id: string,
): number {
  const node = nodes.get(id)
  let height = 0
  for (const child of (node?.alive && node.carried.get(stream)?.children) || []) {
    height = Math.max(height, 1 + trueHeight(nodes, stream, child))
  }
  return height
}

/** Without its limits. */
export function newNode(id: string, region: string, roles: readonly NodeRole[]) {
  const load = { sessions: 0, children: 0, requests: 0, second: 0 }
  return { id, region, roles, carried: new Map<string, Carried>(), alive: true, ...load }
}

/** @param now ms. @returns how many came in the present second */
export function countRequest(node: SimulatedNode, now: number): number {
  const second = Math.floor(now / 1000)
  node.requests = node.second === second ? node.requests + 1 : 1
  node.second = second
  return node.requests
}

/** @returns undefined where the stream is not, or the node is no more */
export function carriedBy(
  nodes: ReadonlyMap<string, SimulatedNode>,
  id: string,
  stream: string,
): Carried | undefined {
  const node = nodes.get(id)
  return node?.alive ? node.carried.get(stream) : undefined
}
