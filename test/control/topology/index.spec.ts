import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClusterState } from '#control/cluster-state.ts'
import type { NodeRecord, NodeRole } from '#control/node-record.ts'
import { chooseParents, chooseStandby } from '#control/topology/parents.ts'
import { placePublisher, placeViewer } from '#control/topology/placement.ts'
import { heightOf } from '#control/topology/tree.ts'
import {
  walkForHeight,
  walkForParents,
  walkForPublisher,
  walkForStandby,
  walkForViewer,
} from './exhaustive-choice.ts'

const stream = 'default/s'
const ids = Array.from({ length: 14 }, (_, at) => `n${at}`)
const regions = ['a', 'b', 'c', 'd']
const id = fc.constantFrom(...ids)
/** On a line, with two that are equally far from the second. */
const distance = (from: string, to: string) => Math.abs(regions.indexOf(from) - regions.indexOf(to))

const load = fc.record({
  sessions: fc.nat(4),
  sessionLimit: fc.constant(4),
  children: fc.nat(6),
  childLimit: fc.constant(6),
  busy: fc.constantFrom(0, 0.5, 0.95),
})
const node: fc.Arbitrary<NodeRecord> = fc
  .record({
    id,
    incarnation: fc.nat(2),
    region: fc.constantFrom(...regions),
    roles: fc.subarray<NodeRole>(['ingest', 'relay', 'edge'], { minLength: 1 }),
    draining: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    oldest: fc.integer({ min: 1, max: 3 }),
    load,
  })
  .map(({ oldest, ...rest }) => ({
    ...rest,
    origin: 'https://a.test',
    nodeOrigin: 'https://a.test',
    protocol: { oldest, newest: oldest + 1 },
  }))
const carrier = fc.record({
  node: id,
  parent: fc.option(id, { nil: undefined, freq: 9 }),
  depth: fc.nat(3),
  children: fc.constantFrom(0, 1, 2, 56, 64),
})
const change = fc.oneof(
  { weight: 6, arbitrary: node.map((one) => (state: ClusterState) => state.putNode(one)) },
  {
    weight: 8,
    arbitrary: carrier.map((one) => (state: ClusterState) => state.putCarrier({ stream, ...one })),
  },
  { weight: 1, arbitrary: id.map((one) => (state: ClusterState) => state.dropNode(one)) },
  {
    weight: 1,
    arbitrary: id.map((one) => (state: ClusterState) => state.dropCarrier(stream, one)),
  },
)
const view = fc
  .tuple(fc.option(id), fc.array(change, { minLength: 10, maxLength: 80 }))
  .map(([origin, changes]) => {
    const state = new ClusterState()
    for (const apply of changes) apply(state)
    const rest = { epoch: 1, active: true, description: { tracks: [] } }
    if (origin) state.putStream({ stream, origin, ...rest })
    return state
  })
const some = fc.uniqueArray(id, { maxLength: 4 }).map((one) => new Set(one))
const anyDistance = fc.constantFrom(distance, undefined)

describe('the index', () => {
  it('gives the parents and the standby that a walk over everything gives', () => {
    fc.assert(
      fc.property(view, id, id, some, anyDistance, (state, one, parent, avoid, far) => {
        const question = { stream, node: one, avoid, ...(far && { distance: far }) }
        const expected = walkForParents(state, question)
        expect(chooseParents(state, question)).toEqual(expected)
        expect(chooseParents(state, { ...question, most: 1 })).toEqual(expected.slice(0, 1))
        expect(chooseStandby(state, question, parent)).toBe(walkForStandby(state, question, parent))
        expect(heightOf(state, stream, one)).toBe(walkForHeight(state, stream, one))
      }),
      { numRuns: 1000 },
    )
  })

  it('gives the places that a walk over everything gives', () => {
    fc.assert(
      fc.property(
        view,
        fc.constantFrom(...regions),
        some,
        anyDistance,
        (state, region, except, far) => {
          const question = { stream, region, except, ...(far && { distance: far }) }
          expect(placeViewer(state, question)).toBe(walkForViewer(state, question))
          expect(placePublisher(state, question)).toBe(walkForPublisher(state, question))
        },
      ),
      { numRuns: 1000 },
    )
  })
})
