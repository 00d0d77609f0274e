import { ClusterState, checkDescription } from '#control/cluster-state.ts'
import type { NodeRecord } from '#control/node-record.ts'
import type {
  CarrierRecord,
  Registry,
  RegistryEvent,
  StreamDescription,
  StreamRecord,
} from '#control/registry.ts'
import type { Clock } from '#core/clock.ts'
import { RedisConnection } from './connection.ts'
import { OwnRecords } from './own-records.ts'
import { RedisReader } from './reader.ts'
import { readPresence } from './records.ts'
import { RedisWriter } from './writer.ts'

export interface RedisRegistryOptions {
  /** Id of this node. */
  readonly node: string
  /** `redis://` or `rediss://`, with user, password and database as needed. */
  readonly url: string
  readonly clock: Clock
  /** 0 to 1, for the jitter of attempts to connect. */
  readonly random: () => number
  /** Told what goes wrong; the registry goes on whatever it is. */
  readonly failed?: (error: Error) => void
  /** Of all keys and of the channel; `tailrace:` without. */
  readonly prefix?: string
  /** What a node's silence may last before it counts as gone, in ms; 3000 without. */
  readonly lease?: number
  /** Between rounds over all that is in Redis, in ms; 5000 without. */
  readonly roundInterval?: number
  /**
   * After Redis is back or was emptied, nobody counts as gone for so long, in ms: until all others
   * have found it again. 10 s without: more than backoff, heartbeat and lease together.
   */
  readonly settleTime?: number
  /** How long an answer may take, in ms; 1000 without. */
  readonly commandTimeout?: number
  /** Between attempts to connect, at most, in ms; 2000 without. */
  readonly longestBackoff?: number
}

/** The registry of many nodes (ADR 19). It acts when it is called and when Redis speaks. */
export class RedisRegistry implements Registry {
  readonly #options: RedisRegistryOptions
  readonly #state = new ClusterState()
  readonly #own = new OwnRecords()
  readonly #listeners = new Set<(event: RegistryEvent) => void>()
  readonly #claiming = new Map<string, Promise<StreamRecord>>()
  readonly #connection: RedisConnection
  readonly #reader: RedisReader
  readonly #writer: RedisWriter
  /** Monotonic ms. */
  #nextRound = 0
  #settledAt = 0
  #inRound = false
  #left: Promise<void> | undefined

  /** Connects at once, and for ever. @throws TypeError for a URL that is none */
  constructor(options: RedisRegistryOptions) {
    this.#options = options
    const { node, lease = 3000, prefix = 'tailrace:', commandTimeout = 1000 } = options
    const { longestBackoff = 2000, random } = options
    if (!URL.canParse(options.url)) throw new TypeError('the URL of Redis is none')
    this.#connection = new RedisConnection(
      { url: options.url, prefix, commandTimeout, longestBackoff, random },
      {
        ready: () => this.#begin(),
        message: (text) => this.#reader.receive(text),
        failed: (error) => options.failed?.(error),
      },
    )
    this.#reader = new RedisReader(this.#connection, this.#state, node)
    this.#writer = new RedisWriter(
      { node, lease, clock: options.clock, connection: this.#connection, own: this.#own },
      {
        refilled: () => this.#settle(),
        refused: (winner, isOver) => this.#refused(winner, isOver),
      },
    )
    this.#state.listen((event) => this.#changed(event))
  }

  get view(): ClusterState {
    return this.#state
  }

  get connected(): boolean {
    return this.#connection.reachable
  }

  /** Records and messages of others that were dropped: no such thing, or past the bounds. */
  get dropped(): { readonly malformed: number; readonly pastBounds: number } {
    return { malformed: this.#reader.malformed, pastBounds: this.#state.dropped }
  }

  /**
   * Another process that has announced itself under this node's id, and whose lease holds.
   *
   * @throws Error out of reach
   */
  async namesake(incarnation: number): Promise<NodeRecord | undefined> {
    const { node } = this.#options
    const [text] = await this.#connection.values([`node:${node}`])
    const record = text ? readPresence(node, text)?.record : undefined
    return record?.incarnation === incarnation ? undefined : record
  }

  listen(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(node: NodeRecord): void {
    if (this.#left !== undefined) return
    this.#state.putNode(node)
    this.#writer.announce(node)
    if (this.#options.clock.now() >= this.#nextRound) void this.#round()
  }

  async leave(): Promise<void> {
    this.#left ??= this.#writer.leave().then(() => {
      this.close()
      this.#reader.forget(this.#options.node)
    })
    await this.#left
  }

  /** Falls silent: what it told goes when its lease ends. */
  close(): void {
    this.#left ??= Promise.resolve()
    this.#writer.close()
    this.#connection.close()
  }

  /** @throws RangeError for a description too long, or past what a node may claim */
  async claim(stream: string, description: StreamDescription): Promise<StreamRecord> {
    checkDescription(description)
    this.#own.checkRoom(stream)
    const claiming = this.#claim(stream, description)
    this.#claiming.set(stream, claiming)
    try {
      return await claiming
    } finally {
      if (this.#claiming.get(stream) === claiming) this.#claiming.delete(stream)
    }
  }

  /** @throws RangeError for a description too long */
  describe(stream: string, change: Partial<Pick<StreamRecord, 'active' | 'description'>>): void {
    const claim = this.#own.claims.get(stream)
    if (!claim) return
    if (change.description) checkDescription(change.description)
    this.#hold({ ...claim, ...change })
  }

  release(stream: string): void {
    // Not a later one, of a publisher who has come since.
    const claiming = this.#claiming.get(stream)
    if (claiming !== undefined) void claiming.then(({ epoch }) => this.#release(stream, epoch))
    this.#release(stream)
  }

  /** @throws RangeError past what a node may carry */
  carry(carrier: Omit<CarrierRecord, 'node'>): void {
    const record = { ...carrier, node: this.#options.node }
    this.#own.putCarrier(record)
    this.#state.putCarrier(record)
    this.#writer.write()
  }

  drop(stream: string): void {
    this.#own.dropCarrier(stream)
    this.#state.dropCarrier(stream, this.#options.node)
    this.#writer.write()
  }

  async #claim(stream: string, description: StreamDescription): Promise<StreamRecord> {
    const claim = { stream, origin: this.#options.node, active: true, description }
    const given = await this.#writer.claim(claim, this.#leastEpoch(stream))
    // Another's claim may have come in meanwhile; an epoch that Redis gave is told again all the
    // same, and refused if the other's is higher.
    const record = { ...claim, epoch: given ?? this.#leastEpoch(stream) }
    this.#hold(record)
    return record
  }

  #release(stream: string, upTo = Number.POSITIVE_INFINITY): void {
    const claim = this.#own.claims.get(stream)
    if (!claim || claim.epoch > upTo) return
    this.#own.endClaim(stream)
    this.#state.dropStream(stream, claim.origin, claim.epoch)
    this.#writer.write()
  }

  #leastEpoch(stream: string): number {
    const known = this.#state.streams.get(stream)?.epoch ?? 0
    return Math.max(known + 1, Math.ceil(this.#options.clock.wall()))
  }

  #hold(claim: StreamRecord): void {
    this.#own.putClaim(claim)
    this.#state.putStream(claim)
    this.#writer.write()
  }

  #begin(): void {
    this.#settle()
    this.#own.markStale()
    this.#writer.write()
    void this.#round()
  }

  #settle(): void {
    this.#settledAt = this.#options.clock.now() + (this.#options.settleTime ?? 10_000)
  }

  async #round(): Promise<void> {
    if (this.#inRound || !this.#connection.reachable) return
    this.#inRound = true
    this.#nextRound = this.#options.clock.now() + (this.#options.roundInterval ?? 5000)
    try {
      const { filling, silent } = await this.#reader.round()
      const isSettled = this.#options.clock.now() >= this.#settledAt
      // A Redis that was emptied since our last heartbeat knows of nobody.
      if (isSettled && filling !== undefined && filling === this.#writer.filling) {
        for (const node of silent) this.#reader.forget(node)
      }
      await this.#writer.checkClaims()
    } catch {
      // The connection has told of it; the next round does what this one did not.
    } finally {
      this.#inRound = false
    }
  }

  #changed(event: RegistryEvent): void {
    this.#tell(event)
    if (event.kind !== 'stream-changed') return
    const winner = this.#state.streams.get(event.stream)
    if (winner && winner.origin !== this.#options.node) this.#lose(winner)
  }

  #refused(winner: StreamRecord, isOver: boolean): void {
    const claim = this.#own.claims.get(winner.stream)
    if (!claim) return
    if (winner.origin === this.#options.node) {
      // Ours, from a claim whose answer was lost: we have given a lower epoch since.
      if (winner.epoch > claim.epoch) this.#hold({ ...claim, epoch: winner.epoch })
      return
    }
    // If it is over, the stream has nobody.
    if (!isOver) this.#state.putStream(winner)
    this.#lose(winner)
    this.#state.dropStream(claim.stream, claim.origin, claim.epoch)
  }

  #lose(winner: StreamRecord): void {
    if (!this.#own.endClaim(winner.stream)) return
    this.#writer.write()
    this.#tell({ kind: 'claim-lost', stream: winner.stream, winner })
  }

  #tell(event: RegistryEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}
