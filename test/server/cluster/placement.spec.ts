import { describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import type { RedirectReason } from '#control/http/overflow.ts'
import type { NodeRecord } from '#control/node-record.ts'
import { connectSources, offeredEdges } from '#server/cluster/offered-edges.ts'
import { ClusterPlacement } from '#server/cluster/placement.ts'
import { nodeRecord } from '#test/support/registry-world.ts'

const name = { tenant: 'default', stream: 'demo' }
const publisher = { kind: 'whip', name, region: undefined } as const
const viewer = { kind: 'whep', name, region: undefined } as const

type Change = Partial<NodeRecord> & { readonly sessions?: number }

/** The placement of node `self`, among others. */
function world(self: Change, others: Readonly<Record<string, Change>> = {}) {
  const view = new ClusterState()
  const put = (id: string, { sessions = 0, ...change }: Change) => {
    const record = nodeRecord(id)
    const roles = ['ingest', 'relay', 'edge'] as const
    view.putNode({ ...record, roles, load: { ...record.load, sessions, busy: 0 }, ...change })
  }
  put('self', self)
  for (const [id, change] of Object.entries(others)) put(id, change)
  const clock = { time: 0, now: () => clock.time, wall: () => 0 }
  const told: RedirectReason[] = []
  /** Nodes that do not answer. */
  const dead = new Set<string>()
  const silent = new Set<string>()
  const placement = new ClusterPlacement({
    cluster: { node: 'self', record: () => view.nodes.get('self')!, view },
    clock,
    answers: async ({ id }) => (dead.has(id) ? 'gone' : silent.has(id) ? 'silent' : 'answers'),
    redirected: (reason) => told.push(reason),
  })
  const publishedAt = (origin: string) =>
    view.putStream({
      ...{ stream: 'default/demo', origin, epoch: 1, active: true },
      description: { tracks: [] },
    })
  return { placement, view, put, clock, publishedAt, dead, silent }
}
const at = (id: string) => `https://${id}.example`

describe('a client stays', () => {
  it('where there is nobody else, and where nothing speaks for another node', async () => {
    expect(await world({}).placement.place(viewer, false)).toBeUndefined()
    const { placement } = world({ sessions: 90 }, { other: {} })
    expect(await placement.place(viewer, false)).toBeUndefined()
    expect(await placement.place(publisher, false)).toBeUndefined()
  })

  it('at a node without a core to spare when no other has one', async () => {
    const load = { ...nodeRecord('self').load, busy: 0.95 }
    expect(await world({ load }).placement.place(viewer, false)).toBeUndefined()
    expect(await world({ load }, { other: {} }).placement.place(viewer, false)).toEqual({
      ...{ reason: 'full', origin: at('other') },
    })
  })
})

describe('a client is sent on', () => {
  it.each`
    why                             | self                     | client       | refused  | reason
    ${'by a node that is no edge'}  | ${{ roles: ['ingest'] }} | ${viewer}    | ${false} | ${'role'}
    ${'by one that is no ingest'}   | ${{ roles: ['edge'] }}   | ${publisher} | ${false} | ${'role'}
    ${'by one that drains'}         | ${{ draining: true }}    | ${viewer}    | ${false} | ${'draining'}
    ${'by one that found no room'}  | ${{}}                    | ${viewer}    | ${true}  | ${'full'}
    ${'by one that counts as full'} | ${{ sessions: 100 }}     | ${publisher} | ${false} | ${'full'}
  `('$why', async ({ self, client, refused, reason }) => {
    const busy = { busy: { sessions: 100 }, away: { draining: true } }
    const { placement, put } = world(self, busy)
    const nobody = await placement.place(client, refused)
    expect(nobody?.origin).toBeUndefined()
    put('other', {})
    expect(await placement.place(client, refused)).toEqual({ reason, origin: at('other') })
  })

  it('to the ingest that has the stream, unless it was there in vain', async () => {
    const { placement, publishedAt, clock } = world({}, { other: {}, third: {} })
    publishedAt('other')
    const place = { reason: 'origin', origin: at('other') }
    expect(await placement.place(publisher, false)).toEqual(place)
    clock.time += 2000
    expect(await placement.place(publisher, false)).toBeUndefined()
    expect(await placement.place(publisher, false)).toEqual(place)
    clock.time += 10_000
    expect(await placement.place(publisher, false)).toEqual(place)
  })

  it('not to an origin that is here, gone, full or about to go', async () => {
    const full = { full: { sessions: 100 }, leaving: { draining: true }, free: {} }
    const { placement, publishedAt, view } = world({}, full)
    for (const origin of ['self', 'gone', 'full', 'leaving']) {
      view.dropStream('default/demo', view.streams.get('default/demo')?.origin ?? '')
      publishedAt(origin)
      expect([origin, await placement.place(publisher, false)]).toEqual([origin, undefined])
    }
  })

  it('not to an origin that does not answer: it is taken at once', async () => {
    const { placement, publishedAt, dead } = world({}, { other: {} })
    publishedAt('other')
    dead.add('other')
    expect(await placement.place(publisher, false)).toBeUndefined()
    dead.clear()
    expect(await placement.place({ ...publisher, name: { ...name } }, false)).toBeUndefined()
  })

  it('to another ingest where the first does not answer, and to the last of three unasked', async () => {
    const others = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, {}]))
    const { placement, dead } = world({ roles: ['edge'] }, others)
    const place = async () => (await placement.place(publisher, false))?.origin
    const first = (await place())!
    dead.add(first.slice('https://'.length, -'.example'.length))
    const second = await place()
    expect(second).not.toBe(first)
    for (const id of Object.keys(others)) dead.add(id)
    expect(await place()).toMatch(/^https:/)
  })

  it('to one that is silent where nobody answers, and not to one that is gone', async () => {
    const { placement, dead, silent } = world({ roles: ['edge'] }, { far: {}, other: {} })
    const place = async () => (await placement.place(publisher, false))?.origin
    silent.add('far')
    expect(await place()).toBe(at('other'))
    dead.add('other')
    expect(await place()).toBe(at('far'))
    dead.add('far')
    expect(await place()).toBeUndefined()
  })

  it('to a nearer region, if there is a node with room in it', async () => {
    const others = { near: { region: 'east' }, far: { region: 'west' } }
    const { placement, put } = world({}, others)
    const from = (region: string) => placement.place({ ...viewer, region }, false)
    expect(await from('east')).toEqual({ reason: 'region', origin: at('near') })
    expect([await from('here'), await from('mars')]).toEqual([undefined, undefined])
    put('near', { region: 'east', sessions: 100 })
    expect(await from('east')).toBeUndefined()
    expect(await placement.place({ ...publisher, region: 'west' }, false)).toBeUndefined()
  })
})

describe('edges that are offered to players', () => {
  it('are two of a region at most, eight in all, with room; none of a node that is alone', async () => {
    const others: Record<string, Change> = {
      ...{ full: { sessions: 100 }, ingest: { roles: ['ingest'] }, b: { sessions: 50 }, c: {} },
    }
    for (let i = 0; i < 9; i++) others[`r${i}`] = { region: `region-${i}` }
    const { view } = world({ sessions: 20 }, others)
    const offered = offeredEdges({ isShared: true, view })
    expect(offered).toHaveLength(8)
    expect(offered[0]).toEqual({ origin: at('c'), region: 'here' })
    expect(new Set(offered.map(({ region }) => region)).size).toBe(8)
    const few = world({ sessions: 20 }, { b: { sessions: 50 }, c: {} })
    expect(offeredEdges({ isShared: true, view: few.view })).toEqual([
      ...['c', 'self'].map((id) => ({ origin: at(id), region: 'here' })),
    ])
    expect(offeredEdges({ isShared: false, view })).toEqual([])
  })

  it('may be connected to by the pages', async () => {
    const { view, put } = world({}, { b: {} })
    expect(connectSources({ isShared: true, view }, 'https://lb.example/live')).toEqual([
      ...['https://lb.example', at('self'), at('b')],
    ])
    expect(connectSources({ isShared: false, view }, undefined)).toEqual([])
    for (let i = 0; i < 20; i++) put(`n${i}`, {})
    expect(connectSources({ isShared: true, view }, undefined)).toEqual(['https:', 'http:'])
  })
})
