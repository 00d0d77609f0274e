import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import type { NodeRecord } from '#control/node-record.ts'
import { ViewerSpread } from '#control/topology/spread.ts'
import { nodeRecord } from '#test/support/registry-world.ts'

const stream = 'default/s'

interface Edge {
  readonly sessions?: number
  readonly region?: string
  readonly carries?: boolean
  readonly change?: Partial<NodeRecord>
}

function put(view: ClusterState, id: string, { sessions = 0, region = 'here', ...rest }: Edge) {
  const load = { sessions, sessionLimit: 1000, children: 0, childLimit: 0, busy: 0 }
  view.putNode({ ...nodeRecord(id), region, load, ...rest.change })
  if (rest.carries) view.putCarrier({ stream, node: id, parent: 'o', depth: 1, children: 0 })
}

function spreadOver(edges: Readonly<Record<string, Edge>>) {
  const view = new ClusterState()
  for (const [id, edge] of Object.entries(edges)) put(view, id, edge)
  return { view, spread: new ViewerSpread(view, { region: 'here', except: new Set(['self']) }) }
}

/** How many went where. */
function counts(places: readonly (string | undefined)[]): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const place of places) counted[`${place}`] = (counted[`${place}`] ?? 0) + 1
  return counted
}

const viewers = (count: number) => Array.from({ length: count }, () => stream)

describe('viewers of a node that goes', () => {
  it('fill the edges of their region to about the same height', () => {
    const { spread } = spreadOver({ a: { sessions: 400 }, b: { sessions: 100 }, c: {}, self: {} })
    const { a = 0, b = 0, c = 0, ...rest } = counts(spread.deal(viewers(1200)))
    expect(rest).toEqual({})
    expect(a + b + c).toBe(1200)
    const heights = [400 + a, 100 + b, c]
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThanOrEqual(251)
  })

  it('go where the stream is, unless that edge has a quarter more to do', () => {
    const { spread } = spreadOver({ a: { carries: true, sessions: 50 }, b: {}, c: {} })
    expect(counts(spread.deal(viewers(200)))).toEqual({ a: 200 })
    const { a = 0 } = counts(spread.deal(viewers(800)))
    expect(a).toBeLessThan(400)
  })

  it('go on evenly though the edges tell late what they have', () => {
    const { view, spread } = spreadOver({ a: {}, b: {} })
    const first = counts(spread.deal(viewers(600)))
    put(view, 'a', { sessions: first.a ?? 0 })
    const all = [first, counts(spread.deal(viewers(600)))]
    const at = (id: string) => all.reduce((sum, one) => sum + (one[id] ?? 0), 0)
    expect(Math.abs(at('a') - at('b'))).toBeLessThanOrEqual(251)
    expect(at('a') + at('b')).toBe(1200)
  })

  it('go to the next region when theirs is full, and nowhere when all are', () => {
    const { view, spread } = spreadOver({
      a: { sessions: 990 },
      far: { region: 'x', sessions: 980 },
    })
    expect(counts(spread.deal(viewers(40)))).toEqual({ a: 10, far: 20, undefined: 10 })
    put(view, 'a', { change: { draining: true } })
    put(view, 'b', {})
    expect(counts(spread.deal(viewers(5)))).toEqual({ b: 5 })
  })

  it('never overfill an edge, whatever the view', () => {
    const edge = fc.record({
      sessions: fc.integer({ min: 900, max: 1000 }),
      region: fc.constantFrom('here', 'there', 'far'),
      carries: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 80 }), fc.nat(300), (edges, count) => {
        const named = Object.fromEntries(edges.map((one, at) => [`e${at}`, one]))
        const { spread } = spreadOver(named)
        const placed = counts([...spread.deal(viewers(count)), ...spread.deal(viewers(count))])
        for (const [id, taken] of Object.entries(placed)) {
          if (id !== 'undefined') expect(taken + named[id]!.sessions).toBeLessThanOrEqual(1000)
        }
      }),
    )
  })
})
