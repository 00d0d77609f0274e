/** What a node does for others. */
export type NodeRole = 'ingest' | 'relay' | 'edge' | 'recorder' | 'ml'

/** What a node has to do, and how much it takes on. */
export interface NodeLoad {
  /** Viewers and publishers here now, and the most it accepts. */
  readonly sessions: number
  readonly sessionLimit: number
  /** Links to other nodes that get streams from here, all streams together, and the most. */
  readonly children: number
  readonly childLimit: number
  /** Part of its cores that is in use, 0 to 1. */
  readonly busy: number
}

/** One node of a cluster, as the others see it. */
export interface NodeRecord {
  /** Unique in the cluster; letters, digits, `.`, `_` and `-`, 64 at most. */
  readonly id: string
  /** Differs between two processes of the same id; the higher one is the later. */
  readonly incarnation: number
  readonly region: string
  readonly roles: readonly NodeRole[]
  /** Where clients reach its HTTP: an origin, `https://…`. */
  readonly origin: string
  /** Where other nodes reach its HTTP: an origin. */
  readonly nodeOrigin: string
  /** Sends clients elsewhere and accepts no new ones. */
  readonly draining: boolean
  /** Versions of the protocol between nodes that it speaks. */
  readonly protocol: { readonly oldest: number; readonly newest: number }
  readonly load: NodeLoad
}
