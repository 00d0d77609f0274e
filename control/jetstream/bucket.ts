import { JetStreamApiError, type JetStreamClient, jetstream } from '@nats-io/jetstream'
import { type KV, Kvm, type KvWatchEntry } from '@nats-io/kv'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import type { Revocation, RevokedThing } from '#control/store.ts'
import { jsonOf, keyOf } from './entry.ts'

/** For connecting, and for each request, in ms. */
const timeout = 3000
/** Between two pings of a connection; two without an answer end it. In ms. */
const pingInterval = 2000
/** Of a key or value: ours are a few hundred. In bytes. */
const largestValue = 8192
/** `JSStreamWrongLastSequenceErrF` of nats-server. */
const wrongLastSequence = 10_071

export interface BucketOptions {
  /** Servers of one cluster: `nats:` or `tls://[user:password@]host[:port]`, or a token for both. */
  readonly urls: readonly string[]
  /** 1, 3 or 5 servers that keep each value; counts when the bucket is made. */
  readonly replicas: number
  readonly bucket: string
}

/** How far a bucket is: it is another one when it was made at another time. */
export interface BucketState {
  readonly created: string
  readonly lastRevision: number
  readonly values: number
}

/** A key-value bucket of JetStream by one connection, which is not renewed. */
export class JetStreamBucket {
  /** Fulfilled when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>
  readonly #connection: NatsConnection
  readonly #jetStream: JetStreamClient
  readonly #kv: KV
  readonly #bucket: string

  private constructor(connection: NatsConnection, kv: KV, bucket: string) {
    this.#connection = connection
    this.#jetStream = jetstream(connection, { timeout })
    this.#kv = kv
    this.#bucket = bucket
    this.closed = connection.closed().then(() => undefined)
  }

  /** Connects, and makes the bucket where there is none. @throws Error */
  static async open({ urls, replicas, bucket }: BucketOptions): Promise<JetStreamBucket> {
    const connection = await connect({
      ...credentialsOf(urls[0]!),
      ...(urls.some((url) => url.startsWith('tls:')) && { tls: {} }),
      servers: urls.map((url) => new URL(url).host),
      name: 'tailrace',
      // The store begins anew with each connection, since it has to read the bucket again.
      reconnect: false,
      maxPingOut: 2,
      ...{ pingInterval, timeout },
    })
    try {
      const kv = await new Kvm(jetstream(connection, { timeout })).create(bucket, {
        ...{ history: 1, storage: 'file', replicas, timeout, maxValueSize: largestValue },
      })
      const { config } = (await kv.status()).streamInfo
      if (config.storage !== 'file' || (config.max_age ?? 0) > 0) {
        throw new Error(`bucket "${bucket}" forgets: make it with file storage and no age limit`)
      }
      return new JetStreamBucket(connection, kv, bucket)
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  /** Every key's last value, then what changes, until the connection ends. @throws Error */
  async watch(): Promise<AsyncIterable<KvWatchEntry>> {
    const entries = await this.#kv.watch()
    void this.closed.then(() => entries.stop())
    return entries
  }

  /** @throws Error */
  async state(): Promise<BucketState> {
    const { created, state } = (await this.#kv.status()).streamInfo
    return { created, lastRevision: state.last_seq, values: state.messages }
  }

  /** @returns its revision. @throws Error */
  async put(revocation: Revocation): Promise<number> {
    return await this.#kv.put(keyOf(revocation), jsonOf(revocation))
  }

  /** Does nothing where there is one, or one was taken back. @returns its revision. @throws Error */
  async putFirst(revocation: Revocation): Promise<number> {
    return await this.#kv.put(keyOf(revocation), jsonOf(revocation), { previousSeq: 0 })
  }

  /** Leaves a mark that it was taken back. @returns the mark's revision. @throws Error */
  async delete(thing: RevokedThing): Promise<number> {
    const marks = headers()
    marks.set('KV-Operation', 'DEL')
    // As `KV.delete`, which does not tell the revision.
    const subject = `$KV.${this.#bucket}.${keyOf(thing)}`
    return (await this.#jetStream.publish(subject, '', { headers: marks })).seq
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}

/** Whether a write was refused because its key has, or had, a value. */
export function isTaken(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === wrongLastSequence
}

/** A URL of a store, to be shown. */
export function withoutCredentials(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

function credentialsOf(url: string): { user?: string; pass?: string; token?: string } {
  const { username, password } = new URL(url)
  if (username === '') return {}
  const user = decodeURIComponent(username)
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }
}
