import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { Cluster } from '#server/cluster/cluster.ts'
import { loadConfig } from '#server/config.ts'
import { systemClock } from '#server/system-clock.ts'
import { Timers } from '#server/timers.ts'
import { RedisProcess, redisUnavailable } from '#test/support/redis-process.ts'
import { until } from '#test/support/registry-world.ts'

const missing = redisUnavailable()
const secret = 'a-secret-that-all-nodes-share-of-32-bytes'
const origins = (node: string) => ({
  origin: `https://${node}.example`,
  nodeOrigin: `http://${node}.internal:8080`,
})

describe('a node of a cluster', { timeout: 30_000 }, () => {
  const opened: (() => Promise<void> | void)[] = []
  const lines: Record<string, unknown>[] = []
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close()
    lines.length = 0
  })

  function open(env: Record<string, string>): Cluster {
    const scheduler = new Timers(systemClock)
    const cluster = new Cluster({
      config: loadConfig({ env }),
      clock: systemClock,
      scheduler,
      log: pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) }),
      load: () => ({ sessions: 3, sessionLimit: 20, children: 1 }),
    })
    opened.push(async () => {
      await cluster.leave()
      scheduler.close()
    })
    return cluster
  }

  function clusterEnv(node: string, redis: RedisProcess) {
    return {
      TAILRACE_NODE_ID: node,
      TAILRACE_REDIS_URL: redis.url,
      TAILRACE_CLUSTER_SECRET: secret,
    }
  }

  it('that is alone knows itself', async () => {
    const cluster = open({ TAILRACE_REGION: 'west' })
    expect(cluster.isShared).toBe(false)
    expect(cluster.tokens).toBeUndefined()
    cluster.start(origins('a'))
    expect(cluster.view.nodes.get(cluster.node)).toMatchObject({
      ...origins('a'),
      region: 'west',
      roles: ['ingest', 'relay', 'edge'],
      draining: false,
      load: { sessions: 3, sessionLimit: 20, children: 1, childLimit: 64, busy: 0 },
    })
    cluster.drain()
    expect(cluster.view.nodes.get(cluster.node)?.draining).toBe(true)
    cluster.drain(false)
    expect(cluster.view.nodes.get(cluster.node)?.draining).toBe(false)
  })

  it('is known to the others until it leaves, and they trust its tokens', async ({ skip }) => {
    if (missing) skip(missing)
    const redis = await RedisProcess.start()
    opened.push(() => redis.close())
    const [a, b] = ['a', 'b'].map((node) => open(clusterEnv(node, redis)))
    a!.start(origins('a'))
    b!.start(origins('b'))
    await until(() => a!.view.nodes.has('b') && b!.view.nodes.has('a'))
    const { token } = await a!.tokens!.mint(origins('b').nodeOrigin)
    expect(await b!.tokens!.verify(token)).toMatchObject({ node: 'a' })
    await b!.leave()
    await until(() => !a!.view.nodes.has('b'))
  })

  it('says once that the registry is lost, and that it is back', async ({ skip }) => {
    if (missing) skip(missing)
    const redis = await RedisProcess.start()
    opened.push(() => redis.close())
    const a = open(clusterEnv('a', redis))
    a.start(origins('a'))
    const said = () => lines.filter(({ level }) => Number(level) > 20).map(({ msg }) => msg)
    await until(() => said().length === 1)
    await redis.kill()
    await until(() => said().length === 2)
    await redis.restart()
    await until(() => said().length === 3)
    const inReach = 'registry in reach'
    const lost = 'registry out of reach (TAILRACE_REDIS_URL): media goes on'
    expect(said()).toEqual([inReach, lost, inReach])
    expect(JSON.stringify(lines.filter(({ level }) => Number(level) > 20))).not.toContain(
      '127.0.0.1',
    )
  })
})
