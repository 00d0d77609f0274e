import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import { MemoryRegistry } from '#control/memory-registry.ts'
import { streamKey } from '#core/stream-name.ts'
import { Claims } from '#server/cluster/claims.ts'
import { demo, SessionWorld } from '#test/support/session-world.ts'

const key = streamKey(demo)
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A node whose publishers claim what they publish, in a cluster of one memory. */
function clusterNode(node: string, memory: ClusterState) {
  const wall = { now: () => 0, wall: () => 1000 }
  const registry = new MemoryRegistry({ node, clock: wall, memory })
  const claims = new Claims({
    node,
    registry,
    log: pino({ level: 'silent' }),
    lost: (name) => world.publishers.giveUp(name),
  })
  const world: SessionWorld = new SessionWorld({ claims })
  return { world, registry, claims }
}

describe('what is published at a node', () => {
  it('is claimed with a new epoch for each publisher, and described', async () => {
    const memory = new ClusterState()
    const { world } = clusterNode('a', memory)
    world.connect(world.publish())
    await settled()
    const first = memory.streams.get(key)!
    expect(first).toMatchObject({ origin: 'a', active: true })
    expect(first.description.tracks).toEqual([
      { kind: 'audio', codec: 'opus', payloadType: 111, clockRate: 48_000, channels: 2 },
      expect.objectContaining({ kind: 'video', codec: 'H264', clockRate: 90_000 }),
    ])
    expect(world.streams.get(demo)?.publication?.epoch).toBe(first.epoch)
    world.connect(world.publish())
    await settled()
    const second = memory.streams.get(key)!
    expect(second).toMatchObject({ origin: 'a', active: true })
    expect(second.epoch).toBeGreaterThan(first.epoch)
    expect(world.streams.get(demo)?.publication?.epoch).toBe(second.epoch)
  })

  it('waits for its publisher, and is released when nobody waits any more', async () => {
    const memory = new ClusterState()
    const { world, claims } = clusterNode('a', memory)
    const client = world.connect(world.publish())
    await settled()
    world.sessions.get(client.id)?.end()
    expect(memory.streams.get(key)).toMatchObject({ origin: 'a', active: false })
    world.run(60_000)
    for (const stream of world.streams.expire(world.now, 50_000)) claims.expired(stream.name)
    expect([memory.streams.size, claims.size]).toEqual([0, 0])
  })

  it('is inactive at once when its publisher went before it was claimed', async () => {
    const memory = new ClusterState()
    const { world } = clusterNode('a', memory)
    const client = world.connect(world.publish())
    world.sessions.get(client.id)?.end()
    await settled()
    expect(memory.streams.get(key)).toMatchObject({ origin: 'a', active: false })
  })

  it('is not kept when it expired before it was claimed', async () => {
    const memory = new ClusterState()
    const { world, claims } = clusterNode('a', memory)
    world.connect(world.publish())
    claims.expired(demo)
    await settled()
    expect(memory.streams.size).toBe(0)
  })

  it('is given up when another node has a newer publisher; its viewers stay', async () => {
    const memory = new ClusterState()
    const [a, b] = [clusterNode('a', memory), clusterNode('b', memory)]
    const publisher = a.world.connect(a.world.publish())
    a.world.connect(a.world.watch())
    await settled()
    b.world.connect(b.world.publish())
    await settled()
    expect(a.world.takeTold().at(-1)).toBe('publisher of demo claim-lost')
    expect(a.world.sessions.get(publisher.id)).toBeUndefined()
    expect([a.world.viewers.size, a.claims.size, a.claims.lost]).toEqual([1, 0, 1])
    expect(memory.streams.get(key)).toMatchObject({ origin: 'b', active: true })
    // Nothing that the loser does later harms the winner.
    a.claims.expired(demo)
    expect(memory.streams.get(key)).toMatchObject({ origin: 'b', active: true })
    // And back.
    a.world.connect(a.world.publish())
    await settled()
    expect(b.world.takeTold().at(-1)).toBe('publisher of demo claim-lost')
    expect(memory.streams.get(key)).toMatchObject({ origin: 'a', active: true })
  })

  it('is told by DTLS, but for OBS, which would take the stream back for ever (ADR 12)', async () => {
    const ends: Record<string, string> = {}
    for (const userAgent of ['Mozilla/5.0 (OBS-Studio/32.2.2)', 'libdatachannel']) {
      const memory = new ClusterState()
      const [a, b] = [clusterNode('a', memory), clusterNode('b', memory)]
      const { remote } = a.world.connect(a.world.publish({ userAgent }))
      await settled()
      b.world.connect(b.world.publish())
      await settled()
      a.world.run(100)
      ends[userAgent.slice(0, 3)] = remote.dtls.state
    }
    expect(ends).toEqual({ Moz: 'connected', lib: 'closed' })
  })
})
