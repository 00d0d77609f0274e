import { afterEach, describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import type { RedisRegistry } from '#control/redis/registry.ts'
import { registryBounds } from '#control/registry.ts'
import { nodeRecord, RegistryWorld } from '#test/support/registry-world.ts'

const description = { tracks: [] }

describe('a view of the cluster', () => {
  it('holds no more nodes, streams and carriers than its bounds', () => {
    const state = new ClusterState()
    const record = nodeRecord('n')
    for (let n = 0; n <= registryBounds.nodes; n++) state.putNode({ ...record, id: `n${n}` })
    for (let n = 0; n <= registryBounds.streams; n++) {
      state.putStream({ stream: `s/${n}`, origin: 'n0', epoch: 1, active: true, description })
    }
    for (let n = 0; n <= registryBounds.carriedPerNode; n++) {
      const carrier = { stream: `s/${n}`, parent: undefined, depth: 0, children: 0 }
      state.putCarrier({ ...carrier, node: 'n0' })
      state.putCarrier({ ...carrier, node: 'n1' })
    }
    expect([state.nodes.size, state.streams.size, state.carriers.size]).toEqual([
      registryBounds.nodes,
      registryBounds.streams,
      registryBounds.carriedPerNode,
    ])
    expect(state.dropped).toBe(4)
    state.dropNode('n0')
    expect([state.streams.size, state.carriers.get('s/0')?.size]).toEqual([0, 1])
  })

  it.each`
    epoch | origin | stays
    ${4}  | ${'z'} | ${'the newer epoch'}
    ${5}  | ${'a'} | ${'the greater id at one epoch'}
    ${5}  | ${'z'} | ${undefined}
    ${6}  | ${'a'} | ${undefined}
  `('keeps $stays against epoch $epoch of $origin', ({ epoch, origin, stays }) => {
    const state = new ClusterState()
    const known = { stream: 's/1', origin: 'm', epoch: 5, active: true, description }
    state.putStream(known)
    state.putStream({ ...known, epoch, origin })
    expect(state.streams.get('s/1')?.origin).toBe(stays === undefined ? origin : 'm')
    state.dropStream('s/1', 'm', 4)
    expect(state.streams.size).toBe(1)
  })
})

describe('a node that Redis is out of reach for from the start', () => {
  let world: RegistryWorld | undefined
  let node: RedisRegistry
  const start = () => {
    // Port 1 of this host: nobody listens there.
    world = new RegistryWorld('redis://127.0.0.1:1')
    node = world.join('a')
  }
  afterEach(() => world?.close())

  it('works alone, and carries no more than its bound', async () => {
    start()
    const carrier = { parent: undefined, depth: 0, children: 0 }
    for (let n = 0; n < registryBounds.carriedPerNode; n++) {
      node.carry({ ...carrier, stream: `s/${n}` })
    }
    expect(() => node.carry({ ...carrier, stream: 's/more' })).toThrow(RangeError)
    const before = Date.now()
    const first = await node.claim('s/1', description)
    const second = await node.claim('s/1', description)
    expect(first.epoch).toBeGreaterThanOrEqual(before)
    expect(second.epoch).toBeGreaterThan(first.epoch)
    expect(node.connected).toBe(false)
    await node.leave()
    expect([node.view.nodes.size, node.view.streams.size, node.view.carriers.size]).toEqual([
      0, 0, 0,
    ])
  })
})
