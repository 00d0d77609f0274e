import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientContext, createClientContext } from '#load/client-connection.ts'
import type { Clip } from '#load/clip.ts'
import { loadClip } from '#load/clip-files.ts'
import { Publisher, type PublisherEvent } from '#load/publisher.ts'
import { RedisProcess, redisUnavailable } from '#test/support/redis-process.ts'
import { ServerProcess } from '#test/support/server-process.ts'

const missing = redisUnavailable()
const patience = { timeout: 15_000, interval: 50 }

describe('two nodes that know one another by Redis', { timeout: 60_000 }, () => {
  let opened: AsyncDisposableStack
  let redis: RedisProcess
  let clip: Clip
  let context: ClientContext

  beforeEach(async ({ skip }) => {
    if (missing) skip(missing)
    opened = new AsyncDisposableStack()
    clip = await loadClip({ path: undefined })
    context = createClientContext({})
    opened.defer(() => context.http.close())
    redis = await RedisProcess.start()
    opened.defer(() => redis.close())
  })
  afterEach(async () => {
    await opened?.disposeAsync()
  })

  async function start(node: string, env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await ServerProcess.start({
      env: {
        TAILRACE_NODE_ID: node,
        TAILRACE_HTTP_HOST: '127.0.0.1',
        TAILRACE_REDIS_URL: redis.url,
        TAILRACE_CLUSTER_SECRET: 'a-secret-that-all-nodes-share-of-32-bytes',
        ...env,
      },
    })
    opened.defer(async () => void (await server.stop(20_000)))
    return server
  }

  async function pair(env: Record<string, string> = {}): Promise<[ServerProcess, ServerProcess]> {
    const nodes = await Promise.all([start('a', env), start('b', env)])
    for (const node of nodes)
      await expect.poll(() => figure(node, 'cluster_nodes'), patience).toBe(2)
    return nodes
  }

  /** Publishes until the spec ends, and says what becomes of it. */
  function publish(url: string, node: ServerProcess): PublisherEvent[] {
    const events: PublisherEvent[] = []
    const stopping = new AbortController()
    const publisher = new Publisher(context, {
      ...{ url, token: node.key, clip, as: 'browser', persistence: 'obs' },
      onEvent: (event) => {
        events.push(event)
        // It would come back.
        if (event.kind === 'waiting') stopping.abort()
      },
    })
    const ran = publisher.run(stopping.signal)
    opened.defer(async () => {
      stopping.abort()
      await ran
    })
    return events
  }

  const figure = async (node: ServerProcess, name: string) =>
    (await node.metrics()).get(`tailrace_${name}`)
  const isLive = async (node: ServerProcess) => {
    const { body } = await node.get(`${node.origin}/api/v1/streams/main`)
    return JSON.parse(body).state === 'live'
  }
  async function post(url: string, headers: Record<string, string> = {}) {
    const response = await fetch(url, {
      ...{ method: 'POST', redirect: 'manual', body: 'v=0\r\n' },
      headers: { 'content-type': 'application/sdp', ...headers },
    })
    await response.arrayBuffer()
    return [response.status, response.headers.get('location')]
  }

  it('send a publisher to where its stream is, with its token, and nobody else', async () => {
    const [a, b] = await pair()
    publish(a.whip('main'), a)
    await expect.poll(() => isLive(a), patience).toBe(true)
    const asked = `${b.whip('main')}?token=${b.key}`
    const sent = `${a.whip('main')}?token=${b.key}&hop=1`
    await expect.poll(() => post(asked), patience).toEqual([307, sent])
    // Back at once, it has not found its origin: here it is looked at.
    expect(await post(asked)).toEqual([400, null])
    expect(await post(b.whip('main'))).toEqual([401, null])
    expect(await post(`${b.whip('main')}?token=wrong-key`)).toEqual([401, null])
    expect(await post(`${b.whip('other')}?token=${b.key}`)).toEqual([400, null])
    expect(await figure(b, 'redirects_total{reason="origin"}')).toBe(1)
    const { edges } = JSON.parse((await b.get(`${b.origin}/api/v1/edges`)).body)
    expect(edges.map(({ origin }: { origin: string }) => origin).sort()).toEqual(
      [a.origin, b.origin].sort(),
    )
  })

  it('give a stream to its newer publisher, and tell the older', async () => {
    const [a, b] = await pair()
    const older = publish(a.whip('main'), a)
    await expect.poll(() => isLive(a), patience).toBe(true)
    // As many hops as make a node take it itself.
    const newer = publish(`${b.whip('main')}?hop=3`, b)
    await expect.poll(() => isLive(b), patience).toBe(true)
    await expect.poll(() => older.at(-1), patience).toMatchObject({ kind: 'waiting' })
    await expect.poll(() => isLive(a), patience).toBe(false)
    expect(await figure(a, 'claims_lost_total')).toBe(1)
    const ended = 'sessions_ended_total{role="publisher",reason="claim-lost"}'
    expect([await figure(a, ended), await figure(b, ended)]).toEqual([1, undefined])
    expect(newer).toEqual([{ kind: 'publishing' }])
  })

  it('refuse a stream to another key while it is published elsewhere', async () => {
    const keys = { TAILRACE_PUBLISH_KEY: 'e2e-publish-key,another-publish-key' }
    const [a, b] = await pair(keys)
    publish(a.whip('main'), a)
    await expect.poll(() => isLive(a), patience).toBe(true)
    const url = `${b.whip('main')}?hop=3`
    const offer = async () => {
      const thief = new Publisher(context, {
        ...{ url, token: 'another-publish-key', clip, persistence: 'obs', onEvent: () => {} },
      })
      return await thief.run(AbortSignal.timeout(5000))
    }
    await expect.poll(() => figure(b, 'registry_connected'), patience).toBe(1)
    expect(await offer()).toContain('another key publishes')
  })

  it('lose Redis, with all that it held: sessions go on, and it is filled again', async () => {
    const [a, b] = await pair()
    const events = publish(a.whip('main'), a)
    await expect.poll(() => isLive(a), patience).toBe(true)
    await redis.kill()
    await expect.poll(() => figure(b, 'registry_connected'), patience).toBe(0)
    expect([await isLive(a), await figure(b, 'cluster_nodes')]).toEqual([true, 2])
    await redis.restart()
    const keys = () => redis.as((stranger) => stranger.keys('*'))
    await expect
      .poll(async () => (await keys()).filter((key) => /:node:/.test(key)).length, patience)
      .toBe(2)
    await expect
      .poll(async () => (await keys()).some((key) => /claims/.test(key)), patience)
      .toBe(true)
    expect([await isLive(a), await figure(b, 'cluster_nodes')]).toEqual([true, 2])
    expect(events).toEqual([{ kind: 'publishing' }])
  })

  it('miss one that is killed, and take its publishers', async () => {
    const [a, b] = await pair()
    publish(a.whip('main'), a)
    await expect.poll(() => isLive(a), patience).toBe(true)
    const url = `${b.whip('main')}?token=${b.key}`
    await expect.poll(async () => (await post(url))[0], patience).toBe(307)
    process.kill(a.pid, 'SIGKILL')
    await expect.poll(() => figure(b, 'cluster_nodes'), patience).toBe(1)
    expect(await post(url)).toEqual([400, null])
  })

  it('have roles: who comes to the wrong one is sent to the right one', async () => {
    const [ingest, edge] = await Promise.all([
      start('ingest', { TAILRACE_ROLES: 'ingest' }),
      start('edge', { TAILRACE_ROLES: 'edge,relay' }),
    ])
    for (const node of [ingest, edge]) {
      await expect.poll(() => figure(node, 'cluster_nodes'), patience).toBe(2)
    }
    const events = publish(edge.whip('main'), edge)
    await expect.poll(() => isLive(ingest), patience).toBe(true)
    expect(await post(`${ingest.whep('main')}?token=a`)).toEqual([
      ...[307, `${edge.whep('main')}?token=a&hop=1`],
    ])
    expect(events).toEqual([{ kind: 'publishing' }])
  })
})
