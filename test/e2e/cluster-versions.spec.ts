import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { Publisher } from '#load/publisher.ts'
import { Viewer } from '#load/viewer.ts'
import { clusterSettings, type Role } from '#test/support/cluster-settings.ts'
import { type LinkNote, readLinkNote } from '#test/support/link-log.ts'
import { releaseFlags } from '#test/support/link-release.ts'
import { RedisProcess, redisUnavailable } from '#test/support/redis-process.ts'
import { ServerProcess } from '#test/support/server-process.ts'

const missing = redisUnavailable()
const patience = { timeout: 15_000, interval: 50 }

/** Nodes of three releases, each of which speaks the version of the one before as well. */
const releases = {
  present: { version: 1, roles: ['ingest', 'relay'] },
  next: { version: 2, roles: ['relay'] },
  after: { version: 3, roles: ['edge'] },
} as const satisfies Record<string, { version: number; roles: readonly Role[] }>

describe('nodes of several releases in one cluster', { timeout: 60_000 }, () => {
  const notes: LinkNote[] = []
  const nodes = new Map<string, ServerProcess>()
  let redis: RedisProcess

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    redis = await RedisProcess.start()
    for (const [id, { version, roles }] of Object.entries(releases)) {
      const node = await ServerProcess.start({
        nodeFlags: releaseFlags(version),
        env: {
          ...clusterSettings({ id, roles, redis: redis.url }),
          TAILRACE_HTTP_HOST: '127.0.0.1',
          TAILRACE_DRAIN_MS: '0',
        },
        onLine: (line) => {
          const note = readLinkNote(id, line)
          if (note) notes.push(note)
        },
      })
      nodes.set(id, node)
    }
  }, 60_000)
  afterAll(async () => {
    for (const node of nodes.values()) await node.stop(10_000).catch(() => undefined)
    await redis?.close()
  }, 60_000)

  const found = (expected: Partial<LinkNote>) =>
    expect.poll(() => notes, patience).toContainEqual(expect.objectContaining(expected))

  it('speak the newest version that both know, and both write down which', async () => {
    await found({ node: 'next', side: 'parent', other: 'present', version: 1 })
    await found({ node: 'present', side: 'child', other: 'next', version: 1 })
    await found({ node: 'after', side: 'parent', other: 'next', version: 2 })
    await found({ node: 'next', side: 'child', other: 'after', version: 2 })
  })

  it('have no link where they are two releases apart, and both say why as an error', async () => {
    const reason = 'version: present speaks version 1, after versions 2 to 3'
    await found({ node: 'after', side: 'parent', other: 'present', level: 50, reason })
    await found({ node: 'present', side: 'child', other: 'after', level: 50, reason })
    const pair = notes.filter(({ node, other }) => node !== 'next' && other !== 'next')
    // Once at each end: it is not tried again for a minute.
    expect(pair).toHaveLength(2)
  })

  it('pass a stream on by the node that both ends understand', async () => {
    const context = createClientContext()
    const stopping = new AbortController()
    const [origin, edge] = [nodes.get('present')!, nodes.get('after')!]
    const publisher = new Publisher(context, {
      url: origin.whip('apart'),
      token: origin.key,
      clip: await loadClip({}),
      persistence: 'obs',
      onEvent: () => {},
    })
    const ended = publisher.run(stopping.signal)
    let viewer: Viewer | undefined
    const joins = async () => {
      viewer = new Viewer(context, { url: edge.whep('apart') })
      return (await viewer.join()) === undefined
    }
    await expect.poll(joins, patience).toBe(true)
    await expect.poll(() => viewer!.result.picture.wholeFrames, patience).toBeGreaterThan(30)
    expect(viewer!.result.failure).toBeUndefined()
    await viewer!.leave()
    stopping.abort()
    expect(await ended).toBeUndefined()
    context.http.close()
  })
})
