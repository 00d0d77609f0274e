import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import { MemoryRegistry } from '#control/memory-registry.ts'
import type { Registry, RegistryEvent } from '#control/registry.ts'
import { systemClock } from '#server/system-clock.ts'
import { RedisProcess, redisUnavailable } from '#test/support/redis-process.ts'
import { nodeRecord, RegistryWorld, until } from '#test/support/registry-world.ts'

const description = { tracks: [{ kind: 'video' }] }
const unavailable = redisUnavailable()

interface Cluster {
  join(node: string): Registry
  close(): void
}

describe.for(['memory', 'redis'])('a registry in %s', { timeout: 30_000 }, (kind) => {
  let server: RedisProcess | undefined
  let cluster: Cluster | undefined

  beforeAll(async () => {
    if (kind === 'redis' && !unavailable) server = await RedisProcess.start()
  })
  afterEach(() => cluster?.close())
  afterAll(() => server?.close())

  const skipped = kind === 'redis' && unavailable !== undefined

  async function nodes(): Promise<[Registry, Registry, Registry]> {
    cluster = server ? new RegistryWorld(server.url) : memoryCluster()
    const [a, b, c] = [cluster.join('a'), cluster.join('b'), cluster.join('c')]
    await until(() => [a, b, c].every(({ view }) => view.nodes.size === 3))
    return [a, b, c]
  }

  it.skipIf(skipped)('shows every node to all', async () => {
    const [a, b] = await nodes()
    expect(b.view.nodes.get('a')).toEqual(nodeRecord('a'))
    const draining: unknown[] = []
    b.listen(() => draining.push(b.view.nodes.get('a')?.draining))
    a.announce({ ...nodeRecord('a'), draining: true })
    await until(() => draining.includes(true))
  })

  it.skipIf(skipped)('gives a stream to the later claim, and tells the loser', async () => {
    const [a, b, c] = await nodes()
    const events: RegistryEvent[] = []
    a.listen((event) => events.push(event))
    const before = Date.now()
    const first = await a.claim('acme/one', description)
    expect(first).toEqual({
      stream: 'acme/one',
      origin: 'a',
      epoch: expect.any(Number),
      active: true,
      description,
    })
    expect(first.epoch).toBeGreaterThanOrEqual(before)
    await until(() => c.view.streams.get('acme/one')?.origin === 'a')
    const second = await b.claim('acme/one', description)
    expect(second.epoch).toBeGreaterThan(first.epoch)
    await until(() => events.some(({ kind: said }) => said === 'claim-lost'))
    expect(events.filter(({ kind: said }) => said === 'claim-lost')).toEqual([
      { kind: 'claim-lost', stream: 'acme/one', winner: second },
    ])
    // The loser ends its sessions, and with them the claim that it has no more.
    a.release('acme/one')
    a.describe('acme/one', { active: false })
    await until(() => [a, c].every(({ view }) => view.streams.get('acme/one')?.origin === 'b'))
    expect(c.view.streams.get('acme/one')).toEqual(second)
  })

  it.skipIf(skipped)('counts epochs on when claims follow at once, or end between', async () => {
    const [a, b] = await nodes()
    const claims = await Promise.all([
      ...[a, b, a].map((node) => node.claim('acme/one', description)),
    ])
    expect(new Set(claims.map(({ epoch }) => epoch)).size).toBe(3)
    const highest = Math.max(...claims.map(({ epoch }) => epoch))
    a.release('acme/one')
    b.release('acme/one')
    const next = await b.claim('acme/one', description)
    expect(next.epoch).toBeGreaterThan(highest)
  })

  it.skipIf(skipped)('tells what changes in a stream, and its end', async () => {
    const [a, b] = await nodes()
    const claim = await a.claim('acme/one', description)
    a.describe('acme/one', { active: false })
    await until(() => b.view.streams.get('acme/one')?.active === false)
    const changed = { tracks: [{ kind: 'audio' }] }
    a.describe('acme/one', { active: true, description: changed })
    await until(() => b.view.streams.get('acme/one')?.active === true)
    expect(b.view.streams.get('acme/one')).toEqual({ ...claim, description: changed })
    const events: RegistryEvent[] = []
    b.listen((event) => events.push(event))
    a.release('acme/one')
    await until(() => !b.view.streams.has('acme/one'))
    expect(events).toEqual([{ kind: 'stream-ended', stream: 'acme/one' }])
  })

  it.skipIf(skipped)('knows who carries a stream', async () => {
    const [a, b] = await nodes()
    const carrier = { stream: 'acme/one', parent: undefined, depth: 0, children: 1 }
    a.carry(carrier)
    b.carry({ ...carrier, parent: 'a', depth: 1, children: 0 })
    await until(() => a.view.carriers.get('acme/one')?.size === 2)
    await until(() => b.view.carriers.get('acme/one')?.size === 2)
    expect(b.view.carriers.get('acme/one')?.get('a')).toEqual({ ...carrier, node: 'a' })
    b.drop('acme/one')
    a.drop('acme/one')
    await until(() => !a.view.carriers.has('acme/one'))
    await until(() => !b.view.carriers.has('acme/one'))
  })

  it.skipIf(skipped)('forgets a node that leaves, and what it had', async () => {
    const [a, b] = await nodes()
    await a.claim('acme/one', description)
    a.carry({ stream: 'acme/one', parent: undefined, depth: 0, children: 0 })
    await until(() => b.view.carriers.has('acme/one') && b.view.streams.has('acme/one'))
    const events: RegistryEvent[] = []
    b.listen((event) => events.push(event))
    await a.leave()
    await until(() => !b.view.nodes.has('a'))
    expect([b.view.streams.size, b.view.carriers.size]).toEqual([0, 0])
    expect(events).toEqual([
      { kind: 'stream-ended', stream: 'acme/one' },
      { kind: 'node-left', node: 'a' },
    ])
  })

  it.skipIf(skipped)('refuses a description that the others would not take', async () => {
    const [a] = await nodes()
    const tracks = ['x'.repeat(16 * 1024)]
    await expect(a.claim('acme/one', { tracks })).rejects.toThrow(RangeError)
    await a.claim('acme/one', description)
    expect(() => a.describe('acme/one', { description: { tracks } })).toThrow(RangeError)
  })
})

function memoryCluster(): Cluster {
  const memory = new ClusterState()
  return {
    join(node) {
      const registry = new MemoryRegistry({ node, clock: systemClock, memory })
      registry.announce(nodeRecord(node))
      return registry
    },
    close() {},
  }
}
