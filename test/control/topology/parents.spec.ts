import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import type { ClusterView } from '#control/registry.ts'
import { maxDepth } from '#control/topology/limits.ts'
import { hasRoom, understand } from '#control/topology/load.ts'
import { chooseBetter, chooseParents, chooseStandby } from '#control/topology/parents.ts'
import { placePublisher, placeViewer } from '#control/topology/placement.ts'
import { pathAbove, refusesPath } from '#control/topology/tree.ts'

const stream = 'default/s'

function node(id: string, region: string, change: Partial<NodeRecord> = {}): NodeRecord {
  const roles: NodeRole[] = id.startsWith('r') ? ['relay'] : id === 'o' ? ['ingest'] : ['edge']
  const load = { sessions: 0, sessionLimit: 10, children: 0, childLimit: 10, busy: 0 }
  const addresses = { origin: 'https://a.test', nodeOrigin: 'https://a.test' }
  const protocol = { oldest: 1, newest: 2 }
  return {
    id,
    incarnation: 1,
    region,
    roles,
    ...addresses,
    draining: false,
    protocol,
    load,
    ...change,
  }
}

/** @param parents of each carrier but the origin `o`; an id that starts with `x` is not there */
function viewOf(nodes: readonly NodeRecord[], parents: Record<string, string>): ClusterView {
  const state = new ClusterState()
  for (const one of nodes) state.putNode(one)
  state.putStream({ stream, origin: 'o', epoch: 1, active: true, description: { tracks: [] } })
  state.putCarrier({ stream, node: 'o', parent: undefined, depth: 0, children: 0 })
  for (const [id, parent] of Object.entries(parents)) {
    const children = Object.values(parents).filter((other) => other === id).length
    state.putCarrier({ stream, node: id, parent, depth: 1, children })
  }
  return state
}

const three = [node('o', 'far'), node('r1', 'here'), node('r2', 'here'), node('r3', 'far')]
const all = [...three, node('e1', 'here'), node('e2', 'here')]

describe('the choice of a parent', () => {
  it.each`
    what                                                | parents                                     | order
    ${'own carriers, own relays, far ones, the origin'} | ${{ r1: 'o', r3: 'o' }}                     | ${['r1', 'r2', 'r3', 'o']}
    ${'the one of less depth first'}                    | ${{ r1: 'r2', r2: 'o' }}                    | ${['r2', 'r1', 'o']}
    ${'no descendant'}                                  | ${{ e1: 'o', r1: 'e1', r2: 'r1', r3: 'o' }} | ${['r3', 'o']}
    ${'at last one whose parent nobody knows'}          | ${{ r1: 'x', r2: 'o' }}                     | ${['r2', 'o', 'r1']}
    ${'a circle in a late view is no path'}             | ${{ r1: 'r2', r2: 'r1' }}                   | ${['o', 'r1', 'r2']}
  `('has $what', ({ parents, order }) => {
    const chosen = chooseParents(viewOf(all, parents), { stream, node: 'e1' })
    expect(chosen).toEqual(order)
  })

  it.each`
    fault                            | change
    ${'drains'}                      | ${{ draining: true }}
    ${'is full'}                     | ${{ load: { sessions: 0, sessionLimit: 1, children: 3, childLimit: 3, busy: 0 } }}
    ${'has no core left'}            | ${{ load: { sessions: 0, sessionLimit: 1, children: 0, childLimit: 3, busy: 0.95 } }}
    ${'speaks none of our versions'} | ${{ protocol: { oldest: 3, newest: 4 } }}
  `('leaves out one that $fault', ({ change }) => {
    const nodes = [...all.filter(({ id }) => id !== 'r1'), node('r1', 'here', change)]
    const chosen = chooseParents(viewOf(nodes, { r1: 'o' }), { stream, node: 'e1' })
    expect(chosen).not.toContain('r1')
  })

  it('finds a standby that does not hang below the parent', () => {
    const view = viewOf(all, { r1: 'o', r2: 'r1', r3: 'o', e1: 'r1' })
    expect(chooseStandby(view, { stream, node: 'e1' }, 'r1')).toBe('r3')
  })
})

describe('a better parent', () => {
  const better = (view: ClusterView, id: string, parent: string) =>
    chooseBetter(view, { stream, node: id }, parent)
  /** Carriers with so many children, whoever these are. */
  const withChildren = (view: ClusterView, counts: Record<string, number>) => {
    for (const [id, children] of Object.entries(counts)) {
      const carrier = view.carriers.get(stream)!.get(id)!
      ;(view as ClusterState).putCarrier({ ...carrier, children })
    }
    return view
  }
  const roomy = { sessions: 0, sessionLimit: 10, children: 0, childLimit: 100, busy: 0 }
  const nodes = all.map((one) => ({ ...one, load: roomy }))

  it.each`
    what                                                | parents                                     | parent  | found
    ${'a carrier of its region, for one at the origin'} | ${{ r1: 'o', e1: 'o' }}                     | ${'o'}  | ${'r1'}
    ${'a carrier of its region, for one far away'}      | ${{ r1: 'o', r3: 'o', e1: 'r3' }}           | ${'r3'} | ${'r1'}
    ${'a relay of its region that has to begin'}        | ${{ r3: 'o', e1: 'r3' }}                    | ${'r3'} | ${'r1'}
    ${'one with fewer links'}                           | ${{ r1: 'r3', r3: 'o', r2: 'o', e1: 'r1' }} | ${'r1'} | ${'r2'}
    ${'nobody of the same place'}                       | ${{ r1: 'o', r2: 'o', e1: 'r1' }}           | ${'r1'} | ${undefined}
    ${'nobody farther away'}                            | ${{ r1: 'r2', r2: 'o', r3: 'o', e1: 'r2' }} | ${'r2'} | ${undefined}
    ${'nobody while the path of the parent is late'}    | ${{ r1: 'x', r2: 'o', e1: 'r1' }}           | ${'r1'} | ${undefined}
    ${'nobody below itself'}                            | ${{ e1: 'o', r1: 'e1', r2: 'e1' }}          | ${'o'}  | ${undefined}
  `('is $what', ({ parents, parent, found }) => {
    const view = viewOf(
      nodes.filter(({ id }) => id !== 'r2' || id in parents),
      parents,
    )
    expect(better(view, 'e1', parent)).toBe(found)
  })

  it('has a quarter of its children free', () => {
    const view = viewOf(nodes, { r1: 'o', r2: 'r1', e1: 'r3', r3: 'o' })
    expect(better(withChildren(view, { r1: 42, r2: 43 }), 'e1', 'r3')).toBe('r1')
    expect(better(withChildren(view, { r1: 43, r2: 43 }), 'e1', 'r3')).toBeUndefined()
  })

  it('is another one of the region where the parent has too many children', () => {
    const view = viewOf(nodes, { r1: 'o', r2: 'r1', e1: 'r1' })
    expect(better(withChildren(view, { r1: 64 }), 'e1', 'r1')).toBeUndefined()
    expect(better(withChildren(view, { r1: 65 }), 'e1', 'r1')).toBe('r2')
  })

  it('is one of its region for a relay at an origin that has many children already', () => {
    const view = viewOf(nodes, { r3: 'o', r1: 'o' })
    expect(better(withChildren(view, { o: 32 }), 'r1', 'o')).toBeUndefined()
    expect(better(withChildren(view, { o: 33 }), 'r1', 'o')).toBe('r3')
  })
})

describe('an offer of a path', () => {
  it.each`
    path                         | height | refusal
    ${['p', 'x', 'o']}           | ${0}   | ${'lost'}
    ${['p', 'o']}                | ${0}   | ${undefined}
    ${['p', 'n', 'o']}           | ${0}   | ${'cycle'}
    ${['p', 'q', 'p', 'o']}      | ${0}   | ${'repeats'}
    ${['p', 'q', 'r', 's', 'o']} | ${0}   | ${'too-deep'}
    ${['p', 'q', 'o']}           | ${2}   | ${'too-deep'}
  `('of $path is judged $refusal', ({ path, height, refusal }) => {
    expect(refusesPath({ node: 'n', path, height, lost: 'x' })).toBe(refusal)
  })
})

describe('placement', () => {
  const region = 'here'

  it('prefers an edge that carries the stream, then another, then none', () => {
    const view = viewOf(all, { e2: 'o' })
    expect(placeViewer(view, { stream, region })).toBe('e2')
    expect(placeViewer(view, { stream, region, except: new Set(['e2']) })).toBe('e1')
    expect(placeViewer(view, { stream, region, except: new Set(['e1', 'e2']) })).toBeUndefined()
  })

  it('leaves a publisher where the stream is', () => {
    expect(placePublisher(viewOf(all, {}), { stream, region })).toBe('o')
    const except = new Set(['o'])
    expect(placePublisher(viewOf(all, {}), { stream, region, except })).toBeUndefined()
  })
})

const ids = ['o', 'r1', 'r2', 'r3', 'r4', 'e1', 'e2', 'e3', 'e4']
const anyNode = fc.record({
  region: fc.constantFrom('a', 'b'),
  draining: fc.boolean(),
  children: fc.nat(4),
  oldest: fc.integer({ min: 1, max: 3 }),
})
const anyView = fc
  .tuple(
    fc.array(fc.option(anyNode), { minLength: ids.length, maxLength: ids.length }),
    fc.dictionary(fc.constantFrom(...ids.slice(1)), fc.constantFrom(...ids, 'x')),
  )
  .map(([nodes, parents]) => {
    const records = nodes.flatMap((one, at) => {
      if (!one) return []
      const { region, draining, children, oldest } = one
      const load = { sessions: 0, sessionLimit: 9, children, childLimit: 4, busy: 0 }
      const protocol = { oldest, newest: oldest + 1 }
      return [node(ids[at]!, region, { draining, load, protocol })]
    })
    return viewOf(records, parents)
  })

describe('any view, however late', () => {
  it('gives only parents that can be, and the same each time', () => {
    fc.assert(
      fc.property(anyView, fc.constantFrom(...ids), (view, id) => {
        const chosen = chooseParents(view, { stream, node: id })
        expect(chooseParents(view, { stream, node: id })).toEqual(chosen)
        expect(new Set(chosen).size).toBe(chosen.length)
        const self = view.nodes.get(id)
        for (const parent of chosen) {
          const record = view.nodes.get(parent)!
          const path = [parent, ...pathAbove(view, stream, parent).nodes]
          expect(hasRoom(record, 'child')).toBe(true)
          expect(path).not.toContain(id)
          expect(path.length).toBeLessThanOrEqual(maxDepth)
          if (self) expect(understand(self, record)).toBe(true)
        }
      }),
    )
  })

  it('gives a better parent that can be one, and that has no better one in the parent', () => {
    fc.assert(
      fc.property(anyView, fc.constantFrom(...ids), fc.constantFrom(...ids), (view, id, parent) => {
        const better = chooseBetter(view, { stream, node: id }, parent)
        if (better === undefined) return
        expect(chooseParents(view, { stream, node: id })).toContain(better)
        expect(better).not.toBe(parent)
        expect(chooseBetter(view, { stream, node: id }, better)).not.toBe(parent)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives a standby that is not the parent, nor below it', () => {
    fc.assert(
      fc.property(anyView, fc.constantFrom(...ids), fc.constantFrom(...ids), (view, id, parent) => {
        const standby = chooseStandby(view, { stream, node: id }, parent)
        if (standby === undefined) return
        expect(standby).not.toBe(parent)
        if (parent !== 'o') expect(pathAbove(view, stream, standby).nodes).not.toContain(parent)
      }),
    )
  })
})
