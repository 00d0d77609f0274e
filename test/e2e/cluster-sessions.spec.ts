import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { figure, isLive, withNodes as it, patience, post } from '#test/support/node-pair.ts'

/** Of a node in the registry, in ms. */
const lease = 3000

describe('two nodes that know one another by Redis', { timeout: 60_000 }, () => {
  it('send a publisher to where its stream is, with its token, and nobody else', async ({
    stage,
  }) => {
    const [a, b] = await stage.pair()
    await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const asked = `${b.whip('main')}?token=${b.key}`
    const sent = `${a.whip('main')}?token=${b.key}&hop=1`
    await expect.poll(() => post(asked), patience).toEqual([307, sent])
    // Back at once, it has not found its origin: here it is looked at.
    expect(await post(asked)).toEqual([400, null])
    expect(await post(b.whip('main'))).toEqual([401, null])
    expect(await post(`${b.whip('main')}?token=wrong-key`)).toEqual([401, null])
    expect(await post(`${b.whip('other')}?token=${b.key}`)).toEqual([400, null])
    expect(await figure(b, 'redirects_total{reason="origin"}')).toBe(1)
    const edges = async () => {
      const { body } = await b.get(`${b.origin}/api/v1/edges`)
      return (JSON.parse(body).edges as { origin: string }[]).map(({ origin }) => origin).sort()
    }
    await expect.poll(edges, patience).toEqual([a.origin, b.origin].sort())
  })

  it('give a stream to its newer publisher, and tell the older', async ({ stage }) => {
    const [a, b] = await stage.pair()
    const older = await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    // As many hops as make a node take it itself.
    const newer = await stage.publish(`${b.whip('main')}?hop=3`, b.key)
    await expect.poll(() => isLive(b, 'main'), patience).toBe(true)
    await expect.poll(() => older.at(-1), patience).toMatchObject({ kind: 'waiting' })
    await expect.poll(() => isLive(a, 'main'), patience).toBe(false)
    await expect.poll(() => figure(a, 'claims_lost_total'), patience).toBe(1)
    const ended = 'sessions_ended_total{role="publisher",reason="claim-lost"}'
    await expect.poll(() => figure(a, ended), patience).toBe(1)
    expect(await figure(b, ended)).toBeUndefined()
    await expect.poll(() => newer, patience).toEqual([{ kind: 'publishing' }])
  })

  it('refuse a stream to another key while it is published elsewhere', async ({ stage }) => {
    const keys = { TAILRACE_PUBLISH_KEY: 'e2e-publish-key,another-publish-key' }
    const [a, b] = await stage.pair(keys)
    await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const url = `${b.whip('main')}?hop=3`
    await expect.poll(() => figure(b, 'registry_connected'), patience).toBe(1)
    expect(await stage.tryToPublish(url, 'another-publish-key')).toContain('another key publishes')
  })

  it('lose Redis, with all that it held: sessions go on, and it is filled again', async ({
    stage,
  }) => {
    const [a, b] = await stage.pair()
    const events = await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    await stage.redis.kill()
    await expect.poll(() => figure(b, 'registry_connected'), patience).toBe(0)
    expect([await isLive(a, 'main'), await figure(b, 'cluster_nodes')]).toEqual([true, 2])
    await stage.redis.restart()
    const keys = () => stage.redis.as((stranger) => stranger.keys('*'))
    await expect
      .poll(async () => (await keys()).filter((key) => /:node:/.test(key)).length, patience)
      .toBe(2)
    await expect
      .poll(async () => (await keys()).some((key) => /claims/.test(key)), patience)
      .toBe(true)
    expect(await isLive(a, 'main')).toBe(true)
    // Whoever comes first to an empty registry finds nobody else there.
    await expect.poll(() => figure(b, 'cluster_nodes'), patience).toBe(2)
    expect(events).toEqual([{ kind: 'publishing' }])
  })

  it.for([
    ['ingest,relay,edge', 'of all roles'],
    ['ingest', 'that are ingests alone, without links to one another'],
  ] as const)(
    'take the publisher of one that is killed at its first request: nodes %s',
    async ([roles], { stage }) => {
      const [a, b] = await stage.pair({ TAILRACE_ROLES: roles })
      const older = await stage.publish(a.whip('main'), a.key)
      await expect.poll(async () => older.at(-1)?.kind, patience).toBe('publishing')
      const url = `${b.whip('main')}?token=${b.key}`
      await expect.poll(async () => (await post(url))[0], patience).toBe(307)
      // Who is back sooner is taken anyway.
      await delay(10_100)
      process.kill(a.pid, 'SIGKILL')
      const killedAt = performance.now()
      const newer = await stage.publish(b.whip('main'), b.key)
      await expect.poll(() => newer.at(-1)?.kind, { ...patience, interval: 5 }).toBe('publishing')
      const took = Math.round(performance.now() - killedAt)
      expect(await figure(b, 'redirects_total{reason="origin"}')).toBe(1)
      // The registry still shows the one that is gone, if the machine did not stand still meanwhile.
      if (took < lease / 2) expect(await figure(b, 'cluster_nodes')).toBe(2)
      process.stdout.write(
        `kill -9 of an ingest: its publisher sends to the other after ${took} ms\n`,
      )
      await expect.poll(() => figure(b, 'cluster_nodes'), patience).toBe(1)
    },
  )

  it('have roles: who comes to the wrong one is sent to the right one', async ({ stage }) => {
    const [ingest, edge] = await Promise.all([
      stage.start('ingest', { TAILRACE_ROLES: 'ingest' }),
      stage.start('edge', { TAILRACE_ROLES: 'edge,relay' }),
    ])
    for (const node of [ingest, edge]) {
      await expect.poll(() => figure(node, 'cluster_nodes'), patience).toBe(2)
    }
    const events = await stage.publish(edge.whip('main'), edge.key)
    await expect.poll(() => isLive(ingest, 'main'), patience).toBe(true)
    expect(await post(`${ingest.whep('main')}?token=a`)).toEqual([
      ...[307, `${edge.whep('main')}?token=a&hop=1`],
    ])
    await expect.poll(() => events, patience).toEqual([{ kind: 'publishing' }])
  })
})
