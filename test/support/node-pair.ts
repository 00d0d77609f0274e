import { expect, test } from 'vitest'
import { createClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { Publisher, type PublisherEvent } from '#load/publisher.ts'
import { RedisProcess, redisUnavailable } from './redis-process.ts'
import { ServerProcess } from './server-process.ts'

/** For what takes a second or a lease. */
export const patience = { timeout: 15_000, interval: 50 }

/** Nodes of a cluster on loopback, the Redis by which they know one another, and publishers. */
class NodePair implements AsyncDisposable {
  readonly redis: RedisProcess
  readonly #opened: AsyncDisposableStack
  readonly #context = createClientContext({})

  private constructor(redis: RedisProcess, opened: AsyncDisposableStack) {
    this.redis = redis
    this.#opened = opened
    opened.defer(() => this.#context.http.close())
  }

  static async open(): Promise<NodePair> {
    const opened = new AsyncDisposableStack()
    const redis = await RedisProcess.start()
    opened.defer(() => redis.close())
    return new NodePair(redis, opened)
  }

  async start(node: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.start({
      env: {
        TAILRACE_NODE_ID: node,
        TAILRACE_HTTP_HOST: '127.0.0.1',
        TAILRACE_REDIS_URL: this.redis.url,
        TAILRACE_CLUSTER_SECRET: 'a-secret-that-all-nodes-share-of-32-bytes',
        ...env,
      },
    })
    this.#opened.defer(async () => void (await server.stop(20_000)))
    return server
  }

  /** Two nodes, once each knows the other. */
  async pair(env: Record<string, string> = {}): Promise<[ServerProcess, ServerProcess]> {
    const [a, b] = await Promise.all([this.start('a', env), this.start('b', env)])
    for (const node of [a, b]) {
      await expect.poll(() => figure(node, 'cluster_nodes'), patience).toBe(2)
    }
    return [a, b]
  }

  /** Publishes as a browser does until its server ends it, and says what becomes of it. */
  async publish(url: string, token: string): Promise<PublisherEvent[]> {
    const events: PublisherEvent[] = []
    const clip = await loadClip({})
    const stopping = new AbortController()
    const publisher = new Publisher(this.#context, {
      ...{ url, token, clip, as: 'browser', persistence: 'obs' },
      onEvent: (event) => {
        events.push(event)
        // It would come back.
        if (event.kind === 'waiting') stopping.abort()
      },
    })
    const ran = publisher.run(stopping.signal)
    this.#opened.defer(async () => {
      stopping.abort()
      await ran
    })
    return events
  }

  /** @returns why it gave up */
  async tryToPublish(url: string, token: string): Promise<string | undefined> {
    const options = { url, token, clip: await loadClip({}), onEvent: () => {} }
    const publisher = new Publisher(this.#context, { ...options, persistence: 'obs' })
    return await publisher.run(AbortSignal.timeout(5000))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync()
  }
}

/** A test that is given nodes as it starts them; skipped with a reason where there is no Redis. */
export const withNodes = test.extend<{ stage: NodePair }>({
  stage: async ({ skip }, use) => {
    const missing = redisUnavailable()
    if (missing) skip(missing)
    await using stage = await NodePair.open()
    await use(stage)
  },
})

/** A number of a node's metrics. */
export async function figure(node: ServerProcess, name: string): Promise<number | undefined> {
  return (await node.metrics()).get(`tailrace_${name}`)
}

export async function isLive(node: ServerProcess, stream: string): Promise<boolean> {
  const { body } = await node.get(`${node.origin}/api/v1/streams/${stream}`)
  return JSON.parse(body).state === 'live'
}

/** POSTs what is no offer. @returns status and `Location` */
export async function post(url: string): Promise<[number, string | null]> {
  const response = await fetch(url, {
    ...{ method: 'POST', redirect: 'manual', body: 'v=0\r\n' },
    headers: { 'content-type': 'application/sdp' },
  })
  await response.arrayBuffer()
  return [response.status, response.headers.get('location')]
}
