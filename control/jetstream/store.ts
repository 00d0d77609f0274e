import type { Revocation, RevokedThing, Store, StoreListener } from '#control/store.ts'
import { messageOf, ServiceError } from '#core/errors.ts'
import { type BucketOptions, isTaken, JetStreamBucket, withoutCredentials } from './bucket.ts'
import { JetStreamView, type ViewFaults } from './view.ts'

/** What an operator should know of. */
export type StoreReport =
  | ({ readonly kind: 'read'; readonly revocations: number; readonly putBack: number } & ViewFaults)
  | ({ readonly kind: 'broken' } & ViewFaults)
  | { readonly kind: 'out-of-reach'; readonly why: string }

export interface JetStreamStoreOptions extends Omit<BucketOptions, 'bucket'> {
  readonly bucket?: string
  /** For the first reading of the bucket, connecting again and again, in ms. */
  readonly patience: number
  readonly report: (report: StoreReport) => void
  /** Fulfilled after so many ms, or soon after the signal. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
  /** 0 to 1, for the time until the next try. */
  readonly random: () => number
}

/** Between two looks whether the watch has missed anything, in ms. */
const lookInterval = 2000
/** Until the first and, at most, until any other try to connect again, in ms. */
const backoff = { first: 250, longest: 5000 }
/** Written at a time when many are. */
const batchSize = 64

interface Waiter {
  readonly revision: number
  readonly settle: (kept: boolean) => void
}

/**
 * The store of a cluster: a key-value bucket of JetStream, of which each node knows all. With each
 * connection it is read anew; out of reach, what is known stays in force and nothing is written. A
 * bucket that was lost is filled again by the nodes that knew it.
 */
export class JetStreamStore implements Store {
  readonly #options: JetStreamStoreOptions
  readonly #view = new JetStreamView()
  readonly #ended = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  readonly #waiters = new Set<Waiter>()
  #listener: StoreListener | undefined
  /** While it is in reach, and was read. */
  #bucket: JetStreamBucket | undefined
  /** The latest revision that the watch has brought, of the present bucket. */
  #seen = 0
  #reportedFaults = 0
  #lastFault = 'no answer'
  #running: Promise<void> = Promise.resolve()

  private constructor(options: JetStreamStoreOptions) {
    this.#options = options
  }

  /** Knows all there is when it is fulfilled. @throws Error that names the servers, and what to do */
  static async open(options: JetStreamStoreOptions): Promise<JetStreamStore> {
    const store = new JetStreamStore(options)
    const { signal } = store.#ended
    try {
      store.#running = store.#run()
      const late = options.pause(options.patience, signal).then(() => {
        throw new Error(store.#lastFault)
      })
      late.catch(() => undefined)
      await Promise.race([store.#ready.promise, late])
      return store
    } catch (error) {
      await store.close()
      throw new Error(
        `the store at ${store.#shownUrls} cannot be used (${messageOf(error)}): start NATS with ` +
          'JetStream there (nats-server -js), or correct the URL',
        { cause: error },
      )
    }
  }

  revocations(): Revocation[] {
    return this.#view.revocations()
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  async putRevocation(revocation: Revocation): Promise<void> {
    await this.#write((bucket) => bucket.put(revocation))
  }

  async deleteRevocation(thing: RevokedThing): Promise<void> {
    await this.#write((bucket) => bucket.delete(thing))
  }

  /** Puts those of which the bucket has never had one of their kind, value and tenant. @throws Error */
  async adopt(revocations: readonly Revocation[]): Promise<void> {
    const bucket = this.#bucket
    if (bucket === undefined) throw this.#refusal('is out of reach')
    await putFirst(bucket, revocations)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  get #shownUrls(): string {
    return this.#options.urls.map(withoutCredentials).join(', ')
  }

  // The watch brings what was written, in the order in which every node gets it.
  async #write(act: (bucket: JetStreamBucket) => Promise<number>): Promise<void> {
    const bucket = this.#bucket
    if (bucket === undefined) throw this.#refusal('is out of reach')
    const revision = await act(bucket).catch((error: unknown) => {
      throw this.#refusal(`did not answer (${messageOf(error)})`, error)
    })
    if (bucket !== this.#bucket) throw this.#refusal('went out of reach')
    if (revision <= this.#seen) return
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiters.add({ revision, settle: resolve })
    if (!(await promise)) throw this.#refusal('went out of reach')
  }

  #refusal(what: string, cause?: unknown): ServiceError {
    const message = `this does not hold: the store of the cluster ${what}; send it again`
    return new ServiceError('store-unavailable', message, { retryAfter: 5, cause })
  }

  // For ever: what is known stays in force while nothing is in reach.
  async #run(): Promise<void> {
    const { signal } = this.#ended
    let failures = 0
    while (!signal.aborted) {
      const why = await this.#session().catch(messageOf)
      if (this.#bucket) failures = 0
      this.#lose()
      if (signal.aborted) return
      this.#lastFault = why
      if (failures === 0) this.#options.report({ kind: 'out-of-reach', why })
      const limit = Math.min(backoff.longest, backoff.first * 2 ** failures++)
      await this.#options.pause(limit * (0.5 + this.#options.random() / 2), signal)
    }
  }

  #lose(): void {
    this.#bucket = undefined
    for (const { settle } of this.#waiters) settle(false)
    this.#waiters.clear()
  }

  /** From connecting to the end of the connection. @returns why it ended. @throws Error */
  async #session(): Promise<string> {
    const { urls, replicas, bucket: name = 'tailrace' } = this.#options
    const bucket = await JetStreamBucket.open({ urls, replicas, bucket: name })
    const over = new AbortController()
    const end = () => void bucket.close().catch(() => undefined)
    const stop = AbortSignal.any([this.#ended.signal, over.signal])
    stop.addEventListener('abort', end)
    try {
      if (stop.aborted) return 'closed'
      return await this.#follow(bucket, stop)
    } finally {
      over.abort()
      await bucket.closed
    }
  }

  /** Reads the bucket and then what changes, until the connection ends. */
  async #follow(bucket: JetStreamBucket, stop: AbortSignal): Promise<string> {
    this.#seen = 0
    this.#view.begin()
    const entries = await bucket.watch()
    const start = await bucket.state()
    let why = 'the connection ended'
    void this.#look(bucket, start.created, stop).then(async (fault) => {
      if (fault === undefined) return
      why = fault
      await bucket.close().catch(() => undefined)
    })
    if (start.values === 0) this.#complete(bucket, start.lastRevision)
    for await (const entry of entries) {
      const changes = this.#view.take(entry)
      if (changes.length > 0) this.#listener?.(changes)
      this.#see(entry.revision)
      const isRead = entry.revision >= start.lastRevision || entry.delta === 0
      if (this.#bucket) this.#reportBroken()
      else if (isRead) this.#complete(bucket, start.lastRevision)
    }
    return why
  }

  #see(revision: number): void {
    this.#seen = Math.max(this.#seen, revision)
    // A waiter counts on what is in force here, which nothing is before all was read.
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#seen) continue
      this.#waiters.delete(waiter)
      waiter.settle(true)
    }
  }

  #complete(bucket: JetStreamBucket, lastRevision: number): void {
    const { changes, lost } = this.#view.complete()
    if (changes.length > 0) this.#listener?.(changes)
    this.#bucket = bucket
    this.#see(lastRevision)
    this.#ready.resolve()
    const { faults } = this.#view
    this.#reportedFaults = faults.brokenKeys + faults.brokenValues
    const revocations = this.revocations().length
    this.#options.report({ kind: 'read', revocations, putBack: lost.length, ...faults })
    // What fails now is found missing again after the next connection.
    void putFirst(bucket, lost).catch(() => bucket.close().catch(() => undefined))
  }

  #reportBroken(): void {
    const { faults } = this.#view
    const count = faults.brokenKeys + faults.brokenValues
    if (count > this.#reportedFaults) this.#options.report({ kind: 'broken', ...faults })
    this.#reportedFaults = count
  }

  /** @returns why the watch is not to be trusted any more; undefined after the signal */
  async #look(
    bucket: JetStreamBucket,
    created: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    let expected = 0
    while (!signal.aborted) {
      await this.#options.pause(lookInterval, signal)
      if (signal.aborted) return undefined
      if (this.#seen < expected) return 'the watch does not bring what was written'
      try {
        const state = await bucket.state()
        if (state.created !== created) return 'the bucket was made anew'
        expected = this.#bucket ? state.lastRevision : 0
      } catch (error) {
        return messageOf(error)
      }
    }
    return undefined
  }
}

async function putFirst(
  bucket: JetStreamBucket,
  revocations: readonly Revocation[],
): Promise<void> {
  for (let start = 0; start < revocations.length; start += batchSize) {
    const batch = revocations.slice(start, start + batchSize)
    await Promise.all(
      batch.map((one) =>
        bucket.putFirst(one).catch((error: unknown) => {
          if (!isTaken(error)) throw error
        }),
      ),
    )
  }
}
