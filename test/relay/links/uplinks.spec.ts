import { describe, expect, it } from 'vitest'
import type { ClusterView } from '#control/registry.ts'
import { Uplinks } from '#relay/links/uplinks.ts'
import type { DialListener } from '#relay/links/wire.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { nodeRecord } from '#test/support/registry-world.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'

/** A relay that knows of an ingest and of an edge, and calls whoever it is told to. */
function world() {
  const clock = new SimulatedClock(0)
  const nodes = new Map([
    ['self', { ...nodeRecord('self'), roles: ['relay' as const] }],
    ['above', { ...nodeRecord('above'), roles: ['ingest' as const] }],
    ['beside', { ...nodeRecord('beside'), roles: ['edge' as const] }],
  ])
  const calls: { readonly at: number; readonly node: string; readonly listener: DialListener }[] =
    []
  const ended: string[] = []
  let peer = 0
  const uplinks = new Uplinks({
    node: () => nodes.get('self')!,
    registry: { view: { nodes } as unknown as ClusterView } as never,
    tokens: {} as never,
    plane: new RecordingPlane(),
    peers: { reserveId: () => ++peer },
    clock,
    scheduler: new SimulatedScheduler(clock),
    dialer: {
      dial: ({ id }, listener) => {
        calls.push({ at: clock.time, node: id, listener })
        return () => {}
      },
    },
    observer: {
      opened: () => {},
      ended: (_side, node, { text }) => ended.push(`${node}: ${text}`),
      reattached: () => {},
    },
    opened: () => {},
  })
  return { uplinks, clock, nodes, calls, ended }
}

describe('the links to nodes above', () => {
  it('are one for each node, and none to a node that nobody knows', () => {
    const { uplinks, calls } = world()
    expect(uplinks.to('above')).toBe(uplinks.to('above'))
    expect(uplinks.to('nobody')).toBeUndefined()
    expect(calls.map(({ node }) => node)).toEqual(['above'])
    expect(uplinks.byPeer(1)?.parent).toBe('above')
  })

  it('are opened before they are needed: of a relay those to ingests that stay', () => {
    const { uplinks, calls, nodes } = world()
    nodes.set('leaving', { ...nodes.get('above')!, id: 'leaving', draining: true })
    uplinks.upkeep(0)
    expect(calls.map(({ node }) => node)).toEqual(['above'])
  })

  it('are tried again after 0.5 s, and at last every 2 s, for as long as nobody answers', () => {
    const { uplinks, clock, calls, ended } = world()
    for (; clock.time < 20_000; clock.time += 100) {
      uplinks.to('above')
      if (calls.at(-1)!.at === clock.time) calls.at(-1)!.listener.closed('nobody there')
    }
    const waits = calls.slice(1).map(({ at }, before) => at - calls[before]!.at)
    expect(waits.slice(0, 4)).toEqual([500, 1000, 2000, 2000])
    expect(new Set(waits.slice(3))).toEqual(new Set([2000]))
    expect(ended[0]).toBe('above: nobody there')
    expect(uplinks.size).toBe(0)
  })

  it('are tried again after a minute where a token does not count, or by a new process', () => {
    const { uplinks, clock, calls, nodes } = world()
    const call = () => {
      const before = calls.length
      uplinks.to('above')
      return calls.length - before
    }
    call()
    calls[0]!.listener.closed('answered with 401', 'wrong-token')
    clock.time = 59_999
    expect(call()).toBe(0)
    clock.time = 60_000
    expect(call()).toBe(1)
    calls[1]!.listener.closed('answered with 401', 'wrong-token')
    expect(call()).toBe(0)
    nodes.set('above', { ...nodes.get('above')!, incarnation: 2 })
    expect(call()).toBe(1)
  })

  it('are closed when nothing has been wanted of them for a minute', () => {
    const { uplinks, clock, ended } = world()
    uplinks.to('beside')
    clock.time = 60_000
    uplinks.upkeep(clock.time)
    expect(uplinks.size).toBe(2)
    clock.time = 60_001
    uplinks.upkeep(clock.time)
    expect(ended).toEqual(['beside: not needed any more'])
    expect(uplinks.byPeer(1)).toBeUndefined()
  })
})
