import { isDeepStrictEqual } from 'node:util'
import type { NodeLoad, NodeRecord } from '#control/node-record.ts'
import type { StreamDescription, StreamRecord } from '#control/registry.ts'
import type { Clock } from '#core/clock.ts'
import type { RedisConnection } from './connection.ts'
import type { OwnChange, OwnRecords } from './own-records.ts'
import { readClaim } from './records.ts'

export interface RedisWriterOptions {
  /** Id of this node. */
  readonly node: string
  /** In ms. */
  readonly lease: number
  readonly clock: Clock
  readonly connection: RedisConnection
  readonly own: OwnRecords
}

/** What a writer tells its owner. */
export interface RedisWriterListener {
  /** Redis has been emptied since the last heartbeat. */
  refilled(): void
  /**
   * A claim of ours does not stand against this one.
   * @param isOver it has ended by now, and no more is known of it
   */
  refused(winner: StreamRecord, isOver: boolean): void
}

/** How long Redis knows who claimed a stream last, in ms: clocks of nodes differ by far less. */
const epochMemory = 3_600_000
/** Changes sent at a time: with the longest descriptions 1.6 MB. */
const changesAtOnce = 100
const claimsAtOnce = 500
/** Of its limit, by which a load has changed notably; smaller changes are found by rounds. */
const notable = 0.05

const nothing: StreamDescription = { tracks: [] }

/**
 * Tells Redis what this node has to tell: one script at a time, so what waits never exceeds what
 * the node has. What fails makes everything stale, and is told anew with the next heartbeat.
 */
export class RedisWriter {
  readonly #options: RedisWriterOptions
  readonly #listener: RedisWriterListener
  /** Of the two hashes, as last sent. A later process of this node starts higher. */
  readonly #versions: { claims: number; carriers: number }
  #record: NodeRecord | undefined
  /** As the others last heard it. */
  #told: NodeRecord | undefined
  #isDue = false
  /** The hashes are being filled anew: a heartbeat would say that they are whole. */
  #rebuilds = false
  #writes = false
  #closed = false
  #filling: string | undefined
  #fillings = 0

  constructor(options: RedisWriterOptions, listener: RedisWriterListener) {
    this.#options = options
    this.#listener = listener
    const first = Math.floor(options.clock.wall())
    this.#versions = { claims: first, carriers: first }
  }

  /** Name of the filling of Redis that the last heartbeat met. */
  get filling(): string | undefined {
    return this.#filling
  }

  announce(record: NodeRecord): void {
    this.#record = record
    this.#isDue = true
    this.write()
  }

  /** There is something to tell. */
  write(): void {
    if (this.#writes) return
    this.#writes = true
    void this.#writeAll()
  }

  /** @returns the epoch that the claim has got, or undefined when Redis does not answer */
  async claim(claim: Omit<StreamRecord, 'epoch'>, least: number): Promise<number | undefined> {
    const { node, lease, connection } = this.#options
    const head = `${JSON.stringify(claim).slice(0, -1)},"epoch":`
    const version = this.#reserve('claims', 1)
    const args = [node, lease, epochMemory, version, claim.stream, least, head]
    try {
      const epoch = Number(await connection.run('claim', args))
      return Number.isSafeInteger(epoch) ? epoch : undefined
    } catch {
      this.#options.own.markStale()
      return undefined
    }
  }

  /** Tells again the claims that are not as Redis has it. @throws Error */
  async checkClaims(): Promise<void> {
    const { node, own, connection } = this.#options
    const claims = [...own.claims.values()]
    for (let at = 0; at < claims.length && !own.isStale; at += claimsAtOnce) {
      const pairs = claims.slice(at, at + claimsAtOnce).flatMap((one) => [one.stream, one.epoch])
      for (const stream of strings(await connection.run('check', [node, epochMemory, ...pairs]))) {
        own.markChanged(stream)
      }
    }
    this.write()
  }

  /** Takes all back at once. */
  async leave(): Promise<void> {
    this.#closed = true
    if (!this.#record) return
    const { id, incarnation } = this.#record
    const message = JSON.stringify({ kind: 'left', node: id, incarnation })
    try {
      await this.#options.connection.run('leave', [id, incarnation, message])
    } catch {
      // Then its lease ends instead.
    }
  }

  close(): void {
    this.#closed = true
  }

  async #writeAll(): Promise<void> {
    try {
      while (await this.#writeNext());
    } catch {
      this.#options.own.markStale()
    } finally {
      this.#writes = false
    }
  }

  /** @returns whether there may be more */
  async #writeNext(): Promise<boolean> {
    const { connection, own, node, lease } = this.#options
    if (this.#closed || !this.#record || !connection.reachable) return false
    if (own.isStale) {
      const version = Math.max(this.#reserve('claims', 1), this.#reserve('carriers', 1))
      this.#versions.claims = version
      this.#versions.carriers = version
      this.#rebuilds = true
      await connection.run('clear', [node, lease, version])
      own.startOver()
      return true
    }
    if (this.#isDue && !this.#rebuilds) return await this.#beat(this.#record)
    const changes = own.takeChanges(changesAtOnce)
    if (changes[0]) {
      await this.#send(changes[0].kind, changes)
      return true
    }
    if (!this.#rebuilds) return false
    this.#rebuilds = false
    this.#isDue = true
    return true
  }

  async #beat(record: NodeRecord): Promise<boolean> {
    const { connection, own, clock, node, lease } = this.#options
    const { claims, carriers } = this.#versions
    const presence = JSON.stringify({ incarnation: record.incarnation, claims, carriers, record })
    const filling = `${node} ${Math.floor(clock.wall())} ${this.#fillings++}`
    const message = JSON.stringify({ kind: 'node', record })
    const loud = !this.#told || isNews(this.#told, record) ? 'loud' : ''
    this.#isDue = false
    const args = [node, lease, presence, filling, message, loud]
    const [stored, ...versions] = strings(await connection.run('announce', args))
    if (loud) this.#told = record
    const last = this.#filling
    this.#filling = stored
    if (last !== undefined && last !== stored) {
      this.#listener.refilled()
      own.markStale()
      return true
    }
    if (isDeepStrictEqual(versions, [String(claims), String(carriers)])) return true
    // Something else writes there. Not at once, or two processes of one id would race for ever.
    own.markStale()
    return false
  }

  async #send(kind: OwnChange['kind'], changes: readonly OwnChange[]): Promise<void> {
    const { connection, node, lease } = this.#options
    if (kind === 'claim') {
      await this.#put(changes.flatMap((change) => (change.kind === 'claim' ? change.claim : [])))
      return
    }
    const hash = kind === 'ended' ? 'claims' : 'carriers'
    const first = this.#reserve(hash, changes.length)
    const items = changes.flatMap((change) => editOf(node, change))
    await connection.run('edit', [`${hash}:${node}`, lease, first, ...items])
  }

  async #put(claims: readonly StreamRecord[]): Promise<void> {
    const { connection, node, lease } = this.#options
    const first = this.#reserve('claims', claims.length)
    const items = claims.flatMap((claim) => [claim.stream, claim.epoch, JSON.stringify(claim)])
    const reply = await connection.run('put', [node, lease, epochMemory, first, ...items])
    const parts = strings(reply)
    for (let at = 0; at + 3 < parts.length; at += 4) {
      const [stream = '', epoch, origin = '', text = ''] = parts.slice(at, at + 4)
      const claim = readClaim(origin, stream, text)
      const ended = { stream, origin, epoch: Number(epoch), active: false, description: nothing }
      const stands = claim?.epoch === ended.epoch
      this.#listener.refused(stands ? claim : ended, !stands)
    }
  }

  /** @returns the first of so many versions that follow the last */
  #reserve(hash: 'claims' | 'carriers', count: number): number {
    const first = this.#versions[hash] + 1
    this.#versions[hash] += count
    return first
  }
}

/** As the script `edit` takes it: the stream, its record or '', what is published of it. */
function editOf(node: string, change: OwnChange): string[] {
  switch (change.kind) {
    case 'claim':
      return []
    case 'ended': {
      const { stream, epoch } = change
      return [stream, '', bodyOf({ kind: 'ended', stream, node, epoch })]
    }
    case 'carrier': {
      const { stream, carrier: record } = change
      return [stream, JSON.stringify(record), bodyOf({ kind: 'carrier', record })]
    }
    case 'dropped': {
      const { stream } = change
      return [stream, '', bodyOf({ kind: 'dropped', stream, node })]
    }
  }
}

// The script puts the version before it.
function bodyOf(message: object): string {
  return JSON.stringify(message).slice(1)
}

function isNews(told: NodeRecord, now: NodeRecord): boolean {
  const { load: before, ...rest } = told
  const { load, ...restNow } = now
  return !isDeepStrictEqual(rest, restNow) || partsOf(load).some(isFarFrom(partsOf(before)))
}

function partsOf({ sessions, sessionLimit, children, childLimit, busy }: NodeLoad): number[] {
  return [sessions / Math.max(sessionLimit, 1), children / Math.max(childLimit, 1), busy]
}

function isFarFrom(before: readonly number[]): (part: number, index: number) => boolean {
  return (part, index) => Math.abs(part - before[index]!) >= notable
}

function strings(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}
