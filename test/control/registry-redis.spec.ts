import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RedisRegistry } from '#control/redis/registry.ts'
import type { RegistryEvent, StreamRecord } from '#control/registry.ts'
import { RedisProcess, redisUnavailable } from '#test/support/redis-process.ts'
import { nodeRecord, RegistryWorld, until } from '#test/support/registry-world.ts'

const description = { tracks: [{ kind: 'video' }] }

describe.skipIf(redisUnavailable())('the registry in Redis', { timeout: 30_000 }, () => {
  let server: RedisProcess
  let world: RegistryWorld
  let a: RedisRegistry
  let b: RedisRegistry
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)

  beforeEach(async () => {
    process.on('unhandledRejection', onRejection)
    server = await RedisProcess.start()
    world = new RegistryWorld(server.url)
    a = world.join('a')
    b = world.join('b')
    await until(() => [a, b].every(({ view }) => view.nodes.size === 2))
  })
  afterEach(async () => {
    world.close()
    await server.close()
    process.off('unhandledRejection', onRejection)
    expect(rejections).toEqual([])
  })

  /** What `a` has, as `b` sees it. */
  async function publish(): Promise<StreamRecord> {
    const claim = await a.claim('acme/one', description)
    a.carry({ stream: 'acme/one', parent: undefined, depth: 0, children: 0 })
    await until(() => b.view.streams.has('acme/one') && b.view.carriers.has('acme/one'))
    return claim
  }

  function lossesOf(registry: RedisRegistry): RegistryEvent[] {
    const losses: RegistryEvent[] = []
    registry.listen((event) => {
      if (!event.kind.endsWith('-changed')) losses.push(event)
    })
    return losses
  }

  /** A node that comes new finds everything in Redis that `a` and `b` tell. */
  async function expectComplete(claim: StreamRecord): Promise<void> {
    const late = world.join(`late-${Date.now()}`)
    await until(() => late.view.nodes.size >= 3 && late.view.carriers.has('acme/one'))
    await until(() => late.view.streams.get('acme/one')?.epoch === claim.epoch)
    expect(late.view.streams.get('acme/one')).toEqual(claim)
  }

  it('is filled again after it was emptied, and nobody loses sight of anyone', async () => {
    const claim = await publish()
    const losses = [lossesOf(a), lossesOf(b)]
    await server.as((redis) => redis.flushall())
    await expectComplete(claim)
    await delay(2500)
    expect(losses).toEqual([[], []])
    expect(b.view.streams.get('acme/one')).toEqual(claim)
  })

  it('is filled again after it was away and comes back empty', async () => {
    const claim = await publish()
    // It tries again after 0.1, 0.3, 0.7, 1.5 and 2.5 s, when the others have long been back.
    const slow = world.join('slow', { longestBackoff: 1000, random: () => 1 })
    await until(() => a.view.nodes.size === 3 && b.view.nodes.size === 3 && slow.connected)
    const losses = [lossesOf(a), lossesOf(b)]
    await server.kill()
    await until(() => !a.connected && !b.connected)
    const offline = await a.claim('acme/two', description)
    expect(offline.epoch).toBeGreaterThan(claim.epoch)
    a.describe('acme/two', { active: false })
    await delay(1600)
    expect([a.view.nodes.size, b.view.streams.size]).toEqual([3, 1])
    await server.restart()
    await until(() => a.connected && b.connected)
    expect(slow.connected).toBe(false)
    await until(() => b.view.streams.get('acme/two')?.active === false)
    await expectComplete(claim)
    await delay(2000)
    expect(losses).toEqual([[], []])
  })

  it('tells the older of two claims that were made while it was away', async () => {
    const losses = lossesOf(a)
    const kept = lossesOf(b)
    await server.kill()
    await until(() => !a.connected && !b.connected)
    const older = await a.claim('acme/one', description)
    await delay(20)
    const newer = await b.claim('acme/one', description)
    expect(newer.epoch).toBeGreaterThan(older.epoch)
    await server.restart()
    await until(() => losses.length > 0)
    expect(losses).toEqual([{ kind: 'claim-lost', stream: 'acme/one', winner: newer }])
    await delay(800)
    expect(kept).toEqual([])
    expect(a.view.streams.get('acme/one')).toEqual(newer)
    await server.as(async (redis) => {
      expect(await redis.hkeys(`${world.prefix}claims:a`)).toEqual(['@version'])
    })
  })

  it('tells a claim that was overtaken while it was away, though the other is over', async () => {
    const claim = await publish()
    const losses = lossesOf(a)
    await server.as((redis) =>
      redis.set(`${world.prefix}owner:acme/one`, `${claim.epoch + 5} gone`, 'PX', 60_000),
    )
    await until(() => losses.some(({ kind }) => kind === 'claim-lost'))
    const winner = { stream: 'acme/one', origin: 'gone', epoch: claim.epoch + 5 }
    expect(losses.find(({ kind }) => kind === 'claim-lost')).toEqual({
      kind: 'claim-lost',
      stream: 'acme/one',
      winner: { ...winner, active: false, description: { tracks: [] } },
    })
    await until(() => !b.view.streams.has('acme/one'))
    expect((await b.claim('acme/one', description)).epoch).toBeGreaterThan(winner.epoch)
  })

  it('decides a claim by itself when Redis does not answer', async () => {
    const claim = await publish()
    await server.freeze()
    const start = performance.now()
    const next = await b.claim('acme/one', description)
    expect(performance.now() - start).toBeLessThan(6000)
    expect(next.epoch).toBeGreaterThan(claim.epoch)
    await until(() => !b.connected)
    const losses = lossesOf(a)
    server.thaw()
    await until(() => losses.some(({ kind }) => kind === 'claim-lost'))
    await until(() => a.view.streams.get('acme/one')?.origin === 'b')
  })

  it('goes on when Redis has forgotten the scripts', async () => {
    await server.as((redis) => redis.script('FLUSH'))
    const claim = await publish()
    await delay(500)
    expect(b.view.streams.get('acme/one')).toEqual(claim)
    expect([a, b].map(({ connected }) => connected)).toEqual([true, true])
  })

  it('forgets a node that falls silent, and what it had', async () => {
    await publish()
    const losses = lossesOf(b)
    await delay(1600)
    world.silence(a)
    const start = performance.now()
    await until(() => !b.view.nodes.has('a'))
    expect(performance.now() - start).toBeLessThan(6000)
    expect(losses).toEqual([
      { kind: 'stream-ended', stream: 'acme/one' },
      { kind: 'node-left', node: 'a' },
    ])
    expect(b.view.carriers.size).toBe(0)
    await server.as(async (redis) => {
      await until(() => !b.view.nodes.has('a'))
      expect(await redis.smembers(`${world.prefix}nodes`)).toEqual(['b'])
      expect(await redis.keys(`${world.prefix}*:a`)).toEqual([])
    })
  })

  it('learns by its rounds what no message told', async () => {
    await publish()
    const record: StreamRecord = {
      stream: 'acme/two',
      origin: 'c',
      epoch: 7,
      active: true,
      description,
    }
    const presence = { incarnation: 1, claims: 3, carriers: 0, record: nodeRecord('c') }
    await server.as(async (redis) => {
      const claims = { '@version': 3, 'acme/two': JSON.stringify(record) }
      await redis.hset(`${world.prefix}claims:c`, claims)
      await redis.set(`${world.prefix}node:c`, JSON.stringify(presence), 'PX', 60_000)
      await redis.sadd(`${world.prefix}nodes`, 'c')
      await until(() => b.view.streams.has('acme/two'))
      expect(b.view.streams.get('acme/two')).toEqual(record)
      // Its hash says another version than the node does: it is being told anew.
      await redis.hset(`${world.prefix}claims:c`, '@version', 4)
      await redis.hdel(`${world.prefix}claims:c`, 'acme/two')
      const present = async (claims: number) => {
        const text = JSON.stringify({ ...presence, claims })
        await redis.set(`${world.prefix}node:c`, text, 'PX', 60_000)
      }
      await present(5)
      await delay(800)
      expect(b.view.streams.has('acme/two')).toBe(true)
      await present(4)
      await until(() => !b.view.streams.has('acme/two'))
    })
    expect(b.view.nodes.has('c')).toBe(true)
  })

  it('drops what a stranger writes, and counts it', async () => {
    const claim = await publish()
    const losses = lossesOf(b)
    const { prefix } = world
    await server.as(async (redis) => {
      for (const text of ['', '{', 'null', '[]', '{"kind":"node","record":{}}', 'x'.repeat(1e6)]) {
        await redis.publish(`${prefix}changes`, text)
      }
      await until(() => b.dropped.malformed >= 6)
      await redis.sadd(`${prefix}nodes`, 'no node', '', 'strange', '__proto__')
      await redis.set(`${prefix}node:strange`, '{"record":1}')
      await redis.hset(`${prefix}claims:a`, 'acme/three', '{"epoch":"1"}', '@version', 'x')
      for (const name of ['claims:a', 'carriers:a', 'nodes', 'filling', 'owner:acme/one']) {
        await redis.del(prefix + name)
        await redis.lpush(prefix + name, 'x')
        await delay(300)
      }
    })
    await expectComplete(claim)
    expect(losses).toEqual([])
    expect(b.view.nodes.has('strange')).toBe(false)
  })

  it('does not look into what a stranger adds to a record', async () => {
    const claim = await publish()
    const { prefix } = world
    const nested = `${'['.repeat(9000)}${']'.repeat(9000)}`
    const text = JSON.stringify(claim).replace(/}$/, `,"more":${nested}}`)
    const malformed = b.dropped.malformed
    await server.as(async (redis) => {
      // Twice: what is known already is compared with it.
      for (const version of [1e12, 1e12 + 1]) {
        await redis.publish(
          `${prefix}changes`,
          `{"kind":"claim","version":${version},"record":${text}}`,
        )
      }
      await redis.publish(`${prefix}changes`, 'no message')
    })
    await until(() => b.dropped.malformed > malformed)
    expect(b.view.streams.get('acme/one')).toEqual(claim)
  })

  it('keeps a claim that was made while one before it, given up, was not answered', async () => {
    const before = a.claim('acme/one', description)
    a.release('acme/one')
    const claim = await a.claim('acme/one', description)
    await before
    await until(() => b.view.streams.get('acme/one')?.epoch === claim.epoch)
    await delay(500)
    expect(a.view.streams.get('acme/one')).toEqual(claim)
    expect(b.view.streams.get('acme/one')).toEqual(claim)
  })

  it('connects with a password, and tells what goes wrong without', async () => {
    await server.as((redis) => redis.config('SET', 'requirepass', 'secret'))
    const withIt = world.join('c', { url: server.url.replace('//', '//:secret@') })
    const without = world.join('d')
    await until(() => withIt.connected && world.errors.length > 0)
    expect(without.connected).toBe(false)
    expect(String(world.errors[0])).toContain('NOAUTH')
  })
})
