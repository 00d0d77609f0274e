import type { Clock } from '#core/clock.ts'
import { ClusterState, checkDescription } from './cluster-state.ts'
import type { NodeRecord } from './node-record.ts'
import type {
  CarrierRecord,
  ClusterView,
  Registry,
  RegistryEvent,
  StreamDescription,
  StreamRecord,
} from './registry.ts'

export interface MemoryRegistryOptions {
  /** Id of this node. */
  readonly node: string
  readonly clock: Clock
  /** Shared by several nodes of one process; its own without. */
  readonly memory?: ClusterState
}

/** The registry of a node that is alone: a lease never ends, as whoever keeps it is this process. */
export class MemoryRegistry implements Registry {
  readonly connected = true
  readonly #node: string
  readonly #clock: Clock
  readonly #memory: ClusterState
  /** Streams that this node has a claim of. */
  readonly #claims = new Set<string>()
  readonly #listeners = new Set<(event: RegistryEvent) => void>()
  readonly #unlisten: () => void

  constructor({ node, clock, memory = new ClusterState() }: MemoryRegistryOptions) {
    this.#node = node
    this.#clock = clock
    this.#memory = memory
    this.#unlisten = memory.listen((event) => this.#changed(event))
  }

  get view(): ClusterView {
    return this.#memory
  }

  listen(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(node: NodeRecord): void {
    this.#memory.putNode(node)
  }

  async leave(): Promise<void> {
    this.#claims.clear()
    this.#memory.dropNode(this.#node)
    this.#unlisten()
  }

  /** @throws RangeError for a description too long */
  async claim(stream: string, description: StreamDescription): Promise<StreamRecord> {
    checkDescription(description)
    const epoch = Math.max(this.#memory.lastEpoch + 1, Math.ceil(this.#clock.wall()))
    const record = { stream, origin: this.#node, epoch, active: true, description }
    this.#claims.add(stream)
    this.#memory.putStream(record)
    return record
  }

  /** @throws RangeError for a description too long */
  describe(stream: string, change: Partial<Pick<StreamRecord, 'active' | 'description'>>): void {
    const claim = this.#memory.streams.get(stream)
    if (!claim || !this.#claims.has(stream)) return
    if (change.description) checkDescription(change.description)
    this.#memory.putStream({ ...claim, ...change })
  }

  release(stream: string): void {
    if (this.#claims.delete(stream)) this.#memory.dropStream(stream, this.#node)
  }

  carry(carrier: Omit<CarrierRecord, 'node'>): void {
    this.#memory.putCarrier({ ...carrier, node: this.#node })
  }

  drop(stream: string): void {
    this.#memory.dropCarrier(stream, this.#node)
  }

  #changed(event: RegistryEvent): void {
    this.#tell(event)
    if (event.kind !== 'stream-changed') return
    const winner = this.#memory.streams.get(event.stream)
    if (!winner || winner.origin === this.#node || !this.#claims.delete(event.stream)) return
    this.#tell({ kind: 'claim-lost', stream: event.stream, winner })
  }

  #tell(event: RegistryEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}
