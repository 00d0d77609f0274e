import { isDeepStrictEqual } from 'node:util'
import type { NodeRecord, NodeRole } from './node-record.ts'
import {
  type CarrierRecord,
  type ClusterView,
  type RegistryEvent,
  registryBounds,
  type StreamRecord,
} from './registry.ts'
import { ClusterIndex, type IdsByRegion } from './topology/cluster-index.ts'

/** Of a description, in characters of its JSON; see `StreamDescription`. */
const longestDescription = 16 * 1024

/** @throws RangeError for a description that is longer than other nodes take */
export function checkDescription(description: StreamRecord['description']): void {
  if (JSON.stringify(description).length > longestDescription) {
    throw new RangeError(`a description has at most ${longestDescription} characters of JSON`)
  }
}

/** Whether the first has the stream, of two that claim it: at one epoch, the greater node id. */
function outranks(
  first: Pick<StreamRecord, 'epoch' | 'origin'>,
  second: Pick<StreamRecord, 'epoch' | 'origin'>,
): boolean {
  if (first.epoch !== second.epoch) return first.epoch > second.epoch
  return first.origin > second.origin
}

/**
 * What is known of the cluster, as records come in. Only what changes something is told. A record
 * past `registryBounds` is dropped and counted.
 */
export class ClusterState implements ClusterView {
  readonly nodes = new Map<string, NodeRecord>()
  readonly streams = new Map<string, StreamRecord>()
  readonly carriers = new Map<string, Map<string, CarrierRecord>>()
  readonly #claimed = new StreamsByNode()
  readonly #carried = new StreamsByNode()
  readonly #index = new ClusterIndex()
  readonly #listeners = new Set<(event: RegistryEvent) => void>()
  #dropped = 0
  #lastEpoch = 0

  /** The highest of any claim so far, ended or not. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  /** Records that found no room. */
  get dropped(): number {
    return this.#dropped
  }

  /** @returns how to listen no more */
  listen(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** An earlier process of the same id changes nothing. */
  putNode(record: NodeRecord): void {
    const known = this.nodes.get(record.id)
    if (!known && this.#isFull(this.nodes.size, registryBounds.nodes)) return
    if (known && known.incarnation > record.incarnation) return
    if (isDeepStrictEqual(known, record)) return
    this.nodes.set(record.id, record)
    this.#index.changeNode(known, record, this.#carried.of(record.id))
    this.#tell({ kind: 'node-changed', node: record.id })
  }

  /** The node is gone, and with it what it told of. */
  dropNode(node: string): void {
    for (const stream of this.claimedBy(node)) this.dropStream(stream, node)
    for (const stream of this.carriedBy(node)) this.dropCarrier(stream, node)
    this.#index.changeNode(this.nodes.get(node), undefined, none)
    if (this.nodes.delete(node)) this.#tell({ kind: 'node-left', node })
  }

  /** Another claim of the stream stays when it outranks this one. */
  putStream(record: StreamRecord): void {
    const { stream, origin } = record
    const known = this.streams.get(stream)
    if (known && outranks(known, record)) return
    if (!known && this.#isFull(this.streams.size, registryBounds.streams)) return
    if (isDeepStrictEqual(known, record)) return
    if (known) this.#claimed.delete(known.origin, stream)
    this.#claimed.add(origin, stream)
    this.streams.set(stream, record)
    this.#lastEpoch = Math.max(this.#lastEpoch, record.epoch)
    this.#tell({ kind: 'stream-changed', stream })
  }

  /** @param epoch of the claim that has ended, and all before; without it, whichever it was */
  dropStream(stream: string, origin: string, epoch = Number.POSITIVE_INFINITY): void {
    const known = this.streams.get(stream)
    if (known?.origin !== origin || known.epoch > epoch) return
    this.streams.delete(stream)
    this.#claimed.delete(origin, stream)
    this.#tell({ kind: 'stream-ended', stream })
  }

  putCarrier(record: CarrierRecord): void {
    const { stream, node } = record
    const ofStream = this.carriers.get(stream) ?? new Map<string, CarrierRecord>()
    const carried = this.#carried.of(node).size
    const known = ofStream.get(node)
    if (!known && this.#isFull(carried, registryBounds.carriedPerNode)) return
    this.carriers.set(stream, ofStream.set(node, record))
    this.#carried.add(node, stream)
    this.#index.changeCarrier(known, record, this.nodes.get(node)?.region)
  }

  dropCarrier(stream: string, node: string): void {
    const ofStream = this.carriers.get(stream)
    const known = ofStream?.get(node)
    if (!ofStream?.delete(node)) return
    this.#index.changeCarrier(known, undefined, this.nodes.get(node)?.region)
    if (ofStream.size === 0) this.carriers.delete(stream)
    this.#carried.delete(node, stream)
  }

  nodesByRegion(role: NodeRole): IdsByRegion {
    return this.#index.nodes(role)
  }

  carriersByRegion(stream: string): IdsByRegion {
    return this.#index.carriers(stream)
  }

  childrenOf(stream: string, node: string): ReadonlySet<string> {
    return this.#index.children(stream, node)
  }

  /** Streams whose origin it is; a copy. */
  claimedBy(node: string): string[] {
    return [...this.#claimed.of(node)]
  }

  /** Streams that it carries; a copy. */
  carriedBy(node: string): string[] {
    return [...this.#carried.of(node)]
  }

  /** All that something is known of, if only that it has a stream. */
  knownNodes(): Set<string> {
    return new Set([...this.nodes.keys(), ...this.#claimed.nodes(), ...this.#carried.nodes()])
  }

  #isFull(size: number, bound: number): boolean {
    if (size < bound) return false
    this.#dropped += 1
    return true
  }

  #tell(event: RegistryEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}

const none: ReadonlySet<string> = new Set()

class StreamsByNode {
  readonly #streams = new Map<string, Set<string>>()

  of(node: string): ReadonlySet<string> {
    return this.#streams.get(node) ?? none
  }

  nodes(): Iterable<string> {
    return this.#streams.keys()
  }

  add(node: string, stream: string): void {
    this.#streams.set(node, (this.#streams.get(node) ?? new Set()).add(stream))
  }

  delete(node: string, stream: string): void {
    const streams = this.#streams.get(node)
    streams?.delete(stream)
    if (streams?.size === 0) this.#streams.delete(node)
  }
}
