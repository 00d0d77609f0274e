import type { CarrierRecord, ClusterView } from '#control/registry.ts'
import { maxDepth } from './limits.ts'

/** The nodes that a stream comes through before it is at some node. */
export interface PathAbove {
  /** The parent first, the farthest known last; empty at the origin, and where nothing is known. */
  readonly nodes: readonly string[]
  /** It ends at the stream's origin, and all of its nodes are there. */
  readonly whole: boolean
}

/** As the view has it, which may be late: it may end early, and it never runs in a circle. */
export function pathAbove(view: ClusterView, stream: string, node: string): PathAbove {
  const carriers = view.carriers.get(stream)
  const origin = view.streams.get(stream)?.origin
  const nodes: string[] = []
  let at = node
  while (at !== origin) {
    const parent = carriers?.get(at)?.parent
    if (parent === undefined || parent === node || nodes.includes(parent)) break
    nodes.push(parent)
    if (!view.nodes.has(parent)) break
    at = parent
  }
  return { nodes, whole: origin !== undefined && at === origin && view.nodes.has(at) }
}

/** Links to the origin: as told, or as the path shows where that is more. */
export function depthOf(carrier: CarrierRecord, path: PathAbove): number {
  return Math.max(carrier.depth, path.nodes.length)
}

/** Links to the farthest node below; 0 for one without children, or that does not carry it. */
export function heightOf(view: ClusterView, stream: string, node: string): number {
  if (!view.carriers.get(stream)?.get(node)?.children) return 0
  const origin = view.streams.get(stream)?.origin
  let height = 0
  let level: Iterable<string> = view.childrenOf(stream, node)
  for (;;) {
    const below: string[] = []
    let isEmpty = true
    for (const child of level) {
      // Nothing is above the origin, whatever a late view says. As each has one parent, the only
      // circle that can be met leads back to where the walk began.
      if (child === origin || child === node) continue
      isEmpty = false
      if (view.nodes.has(child)) below.push(...view.childrenOf(stream, child))
    }
    if (isEmpty) return height
    height++
    level = below
  }
}

export type PathRefusal = 'cycle' | 'too-deep' | 'repeats' | 'lost'

export interface OfferedPath {
  /** The node that is asked, or that looks at what its parent tells. */
  readonly node: string
  /** All nodes above it. */
  readonly path: readonly string[]
  /** Links to the farthest node below `node`. */
  readonly height: number
  /** The parent that was lost: who is below it has no way either, and may not know it yet. */
  readonly lost?: string | undefined
}

/**
 * Why a node must not get a stream by this path. To be asked with each offer and with each change
 * of path that a parent tells: of two nodes that move below one another at the same moment, one
 * then finds itself in its own path and leaves.
 */
export function refusesPath({ node, path, height, lost }: OfferedPath): PathRefusal | undefined {
  if (path.includes(node)) return 'cycle'
  if (new Set(path).size !== path.length) return 'repeats'
  if (lost !== undefined && path.includes(lost)) return 'lost'
  return path.length + height > maxDepth ? 'too-deep' : undefined
}
