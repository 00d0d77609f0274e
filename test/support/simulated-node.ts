import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { Betterment } from '#control/topology/betterment.ts'
import type { Reattachment } from '#control/topology/reattachment.ts'

/** One stream at one node, as that node knows it. */
export interface Carried {
  parent: string | undefined
  /** The parent first, the origin last, as last told; kept while a new parent is looked for. */
  above: readonly string[]
  /** The highest of which it has heard; 0 before the first. */
  epoch: number
  /** A publisher is here, in this epoch. */
  isOrigin: boolean
  readonly children: Set<string>
  /** Those who asked before it has a parent itself. */
  readonly waiting: Set<string>
  viewers: number
  /** The first one asked, without waiting for a turn. */
  asked: string | undefined
  search: Reattachment | undefined
  betterment: Betterment | undefined
  /** The parent that a child named for whom it began. */
  readonly lost: string | undefined
  /** When its parent was lost; undefined for one that never had any. */
  lostAt: number | undefined
  /** When it began to carry. */
  readonly begunAt: number
}

/** What a node really has; the registry shows what it last announced. */
export interface SimulatedNode {
  readonly id: string
  readonly region: string
  readonly roles: readonly NodeRole[]
  readonly sessionLimit: number
  readonly childLimit: number
  readonly carried: Map<string, Carried>
  incarnation: number
  protocol: NodeRecord['protocol']
  alive: boolean
  draining: boolean
  sessions: number
  children: number
  readonly requests: PerSecond
  readonly joins: PerSecond
}

/** Counts what happens in each second of its own. */
class PerSecond {
  #second = -1
  #count = 0

  /** @param now ms. @returns how many there were in this second */
  add(now: number, count = 1): number {
    const second = Math.floor(now / 1000)
    this.#count = second === this.#second ? this.#count + count : count
    this.#second = second
    return this.#count
  }
}

/** An edge takes 2000 viewers, and no children unless it is a relay; any other node 2000 of these. */
export function newNode(id: string, region: string, roles: readonly NodeRole[]): SimulatedNode {
  const isEdge = roles.includes('edge')
  return {
    id,
    region,
    roles,
    sessionLimit: isEdge ? 2000 : 100,
    childLimit: isEdge && !roles.includes('relay') ? 0 : 2000,
    carried: new Map(),
    incarnation: 1,
    protocol: { oldest: 1, newest: 2 },
    alive: true,
    draining: false,
    sessions: 0,
    children: 0,
    requests: new PerSecond(),
    joins: new PerSecond(),
  }
}

export function recordOf(node: SimulatedNode): NodeRecord {
  const { id, region, roles, incarnation, protocol, draining } = node
  const { sessions, sessionLimit, children, childLimit } = node
  return {
    id,
    incarnation,
    region,
    roles,
    origin: `https://${id}.test`,
    nodeOrigin: `https://${id}.test`,
    draining,
    protocol,
    load: { sessions, sessionLimit, children, childLimit, busy: 0 },
  }
}

export function newCarried(now: number, lost?: string): Carried {
  return {
    parent: undefined,
    above: [],
    epoch: 0,
    isOrigin: false,
    children: new Set(),
    waiting: new Set(),
    viewers: 0,
    asked: undefined,
    search: undefined,
    betterment: undefined,
    lost,
    lostAt: undefined,
    begunAt: now,
  }
}

/** As somebody who sees all nodes at once has it. @returns 'cycle' where parents run in a circle */
export function truePath(
  nodes: ReadonlyMap<string, SimulatedNode>,
  stream: string,
  id: string,
): string[] | 'cycle' | undefined {
  const path: string[] = []
  let at = id
  for (;;) {
    const node = nodes.get(at)
    const carried = node?.alive ? node.carried.get(stream) : undefined
    if (carried?.isOrigin) return path
    if (carried?.parent === undefined) return undefined
    if (carried.parent === id || path.includes(carried.parent)) return 'cycle'
    at = carried.parent
    path.push(at)
  }
}
