import type { NodeRecord, NodeRole } from './node-record.ts'
import type { IdsByRegion } from './topology/cluster-index.ts'

/** What a stream's origin tells of it, enough to answer a viewer before its media is here. */
export interface StreamDescription {
  /** As seen on the wire; opaque to the registry, JSON of at most 16 KiB. */
  readonly tracks: readonly unknown[]
  /** Of its publisher's `Principal`: another one may not take the stream over. */
  readonly owner?: string
}

/** Who publishes a stream. The one with the highest epoch is right, whoever else claims it. */
export interface StreamRecord {
  /** With its tenant, as `core/stream-name.ts` has it. */
  readonly stream: string
  readonly origin: string
  /**
   * One more with each publisher, on whichever node, and never less than the ms since the Unix
   * epoch at the claim: so it also grows past what a registry that was emptied has forgotten.
   */
  readonly epoch: number
  /** The publisher is there; else its sessions wait for it to return. */
  readonly active: boolean
  readonly description: StreamDescription
}

/** A node that has a stream's packets, and from whom: a branch of the stream's tree. */
export interface CarrierRecord {
  readonly stream: string
  readonly node: string
  /** The node it gets them from; undefined at the origin. */
  readonly parent: string | undefined
  /** Links to the origin: 0 at the origin itself. */
  readonly depth: number
  /** Nodes that get the stream from this one. */
  readonly children: number
}

/** All that is known of the cluster, kept up to date: to read it costs nothing and never waits. */
export interface ClusterView {
  readonly nodes: ReadonlyMap<string, NodeRecord>
  readonly streams: ReadonlyMap<string, StreamRecord>
  /** By stream, then by node. */
  readonly carriers: ReadonlyMap<string, ReadonlyMap<string, CarrierRecord>>
  /** Where nodes of a role are. */
  nodesByRegion(role: NodeRole): IdsByRegion
  /** Where a stream's carriers are, those that are among `nodes`. */
  carriersByRegion(stream: string): IdsByRegion
  /** Carriers of the stream that name it as their parent. */
  childrenOf(stream: string, node: string): ReadonlySet<string>
}

export type RegistryEvent =
  | { readonly kind: 'node-changed' | 'node-left'; readonly node: string }
  | { readonly kind: 'stream-changed' | 'stream-ended'; readonly stream: string }
  /** Another node has claimed what this one publishes, with a newer epoch: its publisher must go. */
  | { readonly kind: 'claim-lost'; readonly stream: string; readonly winner: StreamRecord }

/** Streams, nodes and carriers that one node may tell of, at most. More is an error of ours. */
export const registryBounds = { nodes: 20_000, streams: 100_000, carriedPerNode: 10_000 } as const

/**
 * Who is in the cluster, and who has what (DESIGN §9). What a node tells here it keeps telling: a
 * registry that was lost and comes back empty is filled again by the next heartbeats. No call
 * throws because the registry is out of reach: what was told is told again when it is back, and the
 * view stays as it was, but for leases of others that only a reachable registry can find expired.
 */
export interface Registry {
  readonly view: ClusterView
  /** Whether it is in reach now. Always true in memory. */
  readonly connected: boolean
  /** @returns how to listen no more */
  listen(listener: (event: RegistryEvent) => void): () => void
  /** This node, as it is now: also the heartbeat, due every second. A lease is 3 s. */
  announce(node: NodeRecord): void
  /** This node leaves: all that it told is gone at once. */
  leave(): Promise<void>
  /**
   * This node has a publisher for the stream, from now on and until `release`.
   *
   * @returns the record with its new epoch; decided locally when the registry is out of reach
   */
  claim(stream: string, description: StreamDescription): Promise<StreamRecord>
  /** What is published has changed, or the publisher is away, or back. */
  describe(stream: string, change: Partial<Pick<StreamRecord, 'active' | 'description'>>): void
  /** Nothing is published any more, and nobody waits for it. Nothing happens to another's claim. */
  release(stream: string): void
  /** This node has the stream's packets. */
  carry(carrier: Omit<CarrierRecord, 'node'>): void
  drop(stream: string): void
}
