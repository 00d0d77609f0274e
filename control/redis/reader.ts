import type { ClusterState } from '#control/cluster-state.ts'
import { registryBounds } from '#control/registry.ts'
import type { RedisConnection } from './connection.ts'
import {
  isNodeId,
  type Message,
  type Presence,
  readCarrier,
  readClaim,
  readMessage,
  readPresence,
} from './records.ts'

/** The two hashes of a node in Redis. */
export type HashKind = 'claims' | 'carriers'

/** Keys asked for at a time: a long answer holds up all other nodes. */
const keysAtOnce = 500
/** Hashes asked for at a time. */
const hashesAtOnce = 16

/** What a round over Redis found, but for what it has put into the view. */
export interface Round {
  /** Name of the filling of Redis that was read; undefined while it has none. */
  readonly filling: string | undefined
  /** Known before, with no lease now, and not heard of during the round. */
  readonly silent: readonly string[]
}

/** Brings what other nodes tell into the view: as it is published, and by rounds over all of it. */
export class RedisReader {
  readonly #connection: RedisConnection
  readonly #state: ClusterState
  readonly #self: string
  /** Versions of the hashes of others that the view has in full; by kind and node. */
  readonly #versions = { claims: new Map<string, number>(), carriers: new Map<string, number>() }
  /** Nodes that said something since the round began: what it has read may be older. */
  #heard = new Set<string>()
  #malformed = 0

  constructor(connection: RedisConnection, state: ClusterState, self: string) {
    this.#connection = connection
    this.#state = state
    this.#self = self
  }

  /** Records and messages that were no such thing. */
  get malformed(): number {
    return this.#malformed
  }

  /** Takes what was published. */
  receive(text: string): void {
    const message = readMessage(text)
    if (!message) {
      this.#malformed += 1
      return
    }
    const node = tellerOf(message)
    if (node === this.#self) return
    this.#heard.add(node)
    this.#apply(message)
  }

  /** The node is gone. */
  forget(node: string): void {
    this.#versions.claims.delete(node)
    this.#versions.carriers.delete(node)
    this.#state.dropNode(node)
  }

  /** Reads all that has changed and was not heard of. One at a time. @throws Error */
  async round(): Promise<Round> {
    this.#heard = new Set()
    const listed = (await this.#connection.nodes()).slice(0, registryBounds.nodes)
    const absent = listed.filter((node) => !isNodeId(node))
    const unread = new Set<string>()
    const present: Presence[] = []
    for (const ids of batches(listed.filter(isNodeId), keysAtOnce)) {
      const texts = await this.#connection.values(ids.map((id) => `node:${id}`))
      for (const [index, id] of ids.entries()) {
        const text = texts[index]
        const presence = text ? readPresence(id, text) : undefined
        if (presence) present.push(presence)
        else if (text) unread.add(id)
        else absent.push(id)
      }
    }
    this.#malformed += unread.size
    const others = present.filter(({ record }) => record.id !== this.#self)
    await this.#readOthers(others)
    for (const nodes of batches(absent, keysAtOnce)) await this.#connection.run('sweep', nodes)
    const [filling] = await this.#connection.values(['filling'])
    const there = new Set([...others.map(({ record }) => record.id), ...unread, this.#self])
    const silent = [...this.#state.knownNodes()].filter(
      (node) => !there.has(node) && !this.#heard.has(node),
    )
    return { filling: filling ?? undefined, silent }
  }

  async #readOthers(others: readonly Presence[]): Promise<void> {
    for (const { record } of others) {
      if (!this.#heard.has(record.id)) this.#state.putNode(record)
    }
    const stale = others.flatMap((presence) =>
      (['claims', 'carriers'] as const)
        .filter((kind) => this.#versions[kind].get(presence.record.id) !== presence[kind])
        .map((kind) => ({ kind, node: presence.record.id, version: presence[kind] })),
    )
    for (const batch of batches(stale, hashesAtOnce)) {
      await Promise.all(batch.map((hash) => this.#readHash(hash)))
    }
  }

  async #readHash(hash: { kind: HashKind; node: string; version: number }): Promise<void> {
    const { kind, node, version } = hash
    const { '@version': stored, ...texts } = await this.#hash(`${kind}:${node}`)
    // What was published meanwhile is newer: the next round reads the rest.
    if (this.#heard.has(node)) return
    for (const [stream, text] of Object.entries(texts)) this.#put(kind, node, stream, text)
    if (Number(stored) !== version) return
    this.#versions[kind].set(node, version)
    const known = kind === 'claims' ? this.#state.claimedBy(node) : this.#state.carriedBy(node)
    for (const stream of known.filter((name) => !(name in texts))) {
      if (kind === 'claims') this.#state.dropStream(stream, node)
      else this.#state.dropCarrier(stream, node)
    }
  }

  // A key of another type is a stranger's: its owner writes it anew.
  async #hash(key: string): Promise<Record<string, string>> {
    try {
      return await this.#connection.hash(key)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error
      this.#malformed += 1
      return {}
    }
  }

  #put(kind: HashKind, node: string, stream: string, text: string): void {
    const claim = kind === 'claims' ? readClaim(node, stream, text) : undefined
    const carrier = kind === 'carriers' ? readCarrier(node, stream, text) : undefined
    if (claim) this.#state.putStream(claim)
    else if (carrier) this.#state.putCarrier(carrier)
    else this.#malformed += 1
  }

  #apply(message: Message): void {
    switch (message.kind) {
      case 'node':
        this.#state.putNode(message.record)
        break
      case 'left':
        if (!this.#isLater(message)) this.forget(message.node)
        break
      case 'claim':
        this.#state.putStream(message.record)
        this.#follow('claims', message.record.origin, message.version)
        break
      case 'ended':
        this.#state.dropStream(message.stream, message.node, message.epoch)
        this.#follow('claims', message.node, message.version)
        break
      case 'carrier':
        this.#state.putCarrier(message.record)
        this.#follow('carriers', message.record.node, message.version)
        break
      case 'dropped':
        this.#state.dropCarrier(message.stream, message.node)
        this.#follow('carriers', message.node, message.version)
    }
  }

  // A later process of the node is there already.
  #isLater({ node, incarnation }: { node: string; incarnation: number }): boolean {
    return (this.#state.nodes.get(node)?.incarnation ?? 0) > incarnation
  }

  #follow(kind: HashKind, node: string, version: number): void {
    if (this.#versions[kind].get(node) === version - 1) this.#versions[kind].set(node, version)
  }
}

function tellerOf(message: Message): string {
  if (message.kind === 'node') return message.record.id
  if (message.kind === 'claim') return message.record.origin
  return message.kind === 'carrier' ? message.record.node : message.node
}

function* batches<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}
