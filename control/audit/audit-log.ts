import { messageOf, ServiceError } from '#core/errors.ts'
import { type ChainsOptions, OpenChains } from './open-chains.ts'
import type { AuditEvent } from './record.ts'

/** `failed` is told once when the disk fails, too. */
export interface AuditOptions extends ChainsOptions {
  /** Events that may wait for the disk. */
  readonly capacity?: number
  /** Tenants with a chain of their own; the others share one. */
  readonly chains?: number
  /** Tenants that have one from before. */
  readonly known?: readonly string[]
}

/** For what is no tenant's; "@" is in no tenant's name. */
export const nodeChain = '@node'
/** For tenants past those that have a chain. */
const otherChain = '@other'

/** Ten seconds of the busiest node. */
const defaultCapacity = 10_000
/** Anybody can name a tenant where anybody may publish. */
const defaultChains = 1000
/**
 * What nobody waits for may wait so long for company, in ms: at 200 sessions a second each costs
 * a quarter of a millisecond of CPU instead of half of one.
 */
const noteWindow = 50
/** Heads are signed so often, in ms: what was cut off before can be missed. */
const headInterval = 1000
/** After the disk has failed, in ms. */
const retryInterval = 1000

interface Waiting {
  readonly event: AuditEvent
  /** Of somebody who waits for the disk. */
  readonly done?: PromiseWithResolvers<void>
}

/**
 * Who did what: a chain of records per tenant, each holding the hash of the one before
 * (SEC-65–74).
 *
 * Events queue while the disk works and go together when it is done, so that many sessions a
 * second cost few writes. A disk that fails is said, and tried again; what does not fit meanwhile
 * is counted, and the count becomes a record.
 */
export class AuditLog {
  readonly #options: AuditOptions
  readonly #chains: OpenChains
  readonly #known = new Set<string>()
  #queue: Waiting[] = []
  #working: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #window: NodeJS.Timeout | undefined
  #trouble: string | undefined
  #lost = 0
  #closed = false
  readonly statistics = { written: 0, lost: 0, failures: 0 }

  constructor(options: AuditOptions) {
    this.#options = options
    this.#chains = new OpenChains(options)
    for (const tenant of options.known ?? []) this.#known.add(tenant)
  }

  /** Why events cannot be kept now; `undefined` while they can. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** For what many do: nobody waits for the disk. */
  note(event: AuditEvent): void {
    const { capacity = defaultCapacity } = this.#options
    if (this.#queue.length < capacity && !this.#closed) {
      this.#enqueue({ event })
      return
    }
    this.#lost++
    this.statistics.lost++
    if (this.#trouble === undefined) this.#fail('the audit log cannot keep up', event.tenant)
  }

  /**
   * For acts that count only when they are on record (SEC-69).
   *
   * @returns rejects with ServiceError `audit-failed` when it could not be written
   */
  async append(event: AuditEvent): Promise<void> {
    const { capacity = defaultCapacity } = this.#options
    if (this.#queue.length >= capacity || this.#closed) throw notKept()
    const done = Promise.withResolvers<void>()
    this.#enqueue({ event, done })
    await done.promise
  }

  /** Writes what waits, and the heads. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#window)
    while (this.#working !== undefined) await this.#working
    if (this.#queue.length > 0) {
      this.#working = this.#work()
      await this.#working
    }
    await this.#writeHeads()
    await this.#chains.close()
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting)
    // While the disk fails the timer sets the pace.
    if (this.#working === undefined && this.#trouble === undefined) {
      this.#begin(waiting.done !== undefined)
    }
  }

  /** At once where somebody waits; else what others do in the meantime goes along. */
  #begin(awaited: boolean): void {
    if (awaited) this.#start()
    else this.#window ??= setTimeout(() => this.#start(), noteWindow).unref()
  }

  #start(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    if (this.#working !== undefined) return
    this.#working = this.#work().finally(() => this.#rest())
  }

  #rest(): void {
    this.#working = undefined
    // Somebody may have come between the last look at the queue and now.
    if (this.#queue.length > 0 && this.#trouble === undefined) {
      this.#begin(this.#queue.some(({ done }) => done))
    }
    this.#schedule()
  }

  async #work(): Promise<void> {
    // What was noted in the same turn goes together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      const failed: Waiting[] = []
      for (const [tenant, waiting] of Map.groupBy(batch, (one) => this.#chainOf(one))) {
        if (!(await this.#write(tenant, waiting))) failed.push(...waiting)
      }
      if (failed.length === 0) {
        this.#recover()
        continue
      }
      for (const { done } of failed) done?.reject(notKept())
      this.#queue = [...failed.filter(({ done }) => !done), ...this.#queue]
      return
    }
  }

  async #write(tenant: string, waiting: readonly Waiting[]): Promise<boolean> {
    const { clock } = this.#options
    try {
      const chain = await this.#chains.of(tenant)
      await chain.append(
        waiting.map(({ event }) => ({ ...event, tenant })),
        clock.wall(),
      )
      this.statistics.written += waiting.length
      for (const { done } of waiting) done?.resolve()
      return true
    } catch (error) {
      // Opened anew it is read again: nobody knows what the disk has of this.
      await this.#chains.letGo(tenant)
      this.#diskFailed(error, tenant)
      return false
    }
  }

  #chainOf({ event: { tenant } }: Waiting): string {
    const { chains = defaultChains } = this.#options
    if (this.#known.size < chains) this.#known.add(tenant)
    return this.#known.has(tenant) ? tenant : otherChain
  }

  #schedule(): void {
    if (this.#closed || this.#timer) return
    if (!this.#chains.headIsBehind && this.#trouble === undefined) return
    const wait = this.#trouble === undefined ? headInterval : retryInterval
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#working !== undefined) return
      this.#working = this.#writeHeads()
        .then(() => this.#work())
        .finally(() => this.#rest())
    }, wait).unref()
  }

  #writeHeads(): Promise<void> {
    return this.#chains.writeHeads((error, tenant) => this.#diskFailed(error, tenant))
  }

  #diskFailed(error: unknown, tenant: string): void {
    this.statistics.failures++
    if (this.#trouble === undefined) this.#fail(messageOf(error), tenant)
  }

  #fail(why: string, chain: string): void {
    this.#trouble = why
    this.#options.failed(why, chain)
  }

  #recover(): void {
    this.#trouble = undefined
    const count = this.#lost
    this.#lost = 0
    if (count === 0) return
    const event = { tenant: nodeChain, actor: 'node', event: 'audit.lost', target: nodeChain }
    this.#enqueue({ event: { ...event, detail: { count } } })
  }
}

function notKept(): ServiceError {
  return new ServiceError('audit-failed', 'this is not on record, so it was not done: try again')
}
