import { describe, expect, it } from 'vitest'
import { SimulatedCluster } from '#test/support/simulated-cluster.ts'
import { growCluster, measureCluster } from '#test/support/simulated-cluster-run.ts'
import { seededRandom } from '#test/support/simulated-events.ts'
import { faultsOf } from '#test/support/simulated-faults.ts'
import {
  largeCluster,
  type Ordeal,
  ordeals,
  smallCluster,
} from '#test/support/simulated-ordeals.ts'
import { long } from '#test/support/stage.ts'

const size = long ? largeCluster : smallCluster
const seeds = long ? [7] : [1, 2, 3, 4, 5]

/** DESIGN §9: bounded depth and fan-out; as figures, so that no change of the limits goes unseen. */
const [maxDepth, fanOut] = [4, 64]

interface Bounds {
  /** Subscribe requests to one node in a second. */
  readonly requests: number
  /** Without a parent though the publisher stayed; from the loss, or from the healing. In ms. */
  readonly reattached: number
  /** Without a parent until another publisher was found: it is away for 1 to 3 s. In ms. */
  readonly followed: number
  /** Children of a relay, most of all, as a multiple of the mean. */
  readonly imbalance: number
}

// What eight seeds of the short form and two of the long have shown, and some more. Of the long form
// a few of 200,000 branches are between two parents when they are told to move, and miss it.
const bounds: Record<Ordeal, Bounds> = {
  grown: { requests: long ? 20 : 8, reattached: 0, followed: 0, imbalance: 2.5 },
  churned: { requests: 6, reattached: 0, followed: 0, imbalance: 2.5 },
  'relay lost': { requests: long ? 50 : 16, reattached: 1000, followed: 0, imbalance: 2.5 },
  'ingest lost': { requests: 20, reattached: 3500, followed: 4500, imbalance: 2.5 },
  'relay drained': { requests: long ? 50 : 12, reattached: 0, followed: 0, imbalance: 2.5 },
  'region cut off': { requests: long ? 120 : 30, reattached: 4500, followed: 7500, imbalance: 3 },
  'region back': { requests: long ? 110 : 30, reattached: 1000, followed: 700, imbalance: 2.5 },
  'region lost': { requests: long ? 60 : 16, reattached: 4500, followed: 5500, imbalance: 2.5 },
  'all restarted': {
    requests: long ? 130 : 40,
    reattached: long ? 700 : 0,
    followed: 600,
    imbalance: 3.5,
  },
}

describe('a cluster on paper', { timeout: 900_000 }, () => {
  it.each(seeds)('bears what happens to it (seed %i)', (seed) => {
    let viewers: number | undefined
    for (const { what, figures, faults, doubled } of ordeals({ size, seed })) {
      const said = `${what}: ${JSON.stringify(figures)}`
      const most = bounds[what]
      const { mean, max } = figures.childrenPerRelay
      viewers ??= figures.viewers
      expect(faults, said).toEqual([])
      expect(figures, said).toMatchObject({ viewers, unplaced: 0, cutOff: 0, misunderstood: 0 })
      expect(figures.overtaken, said).toBe(what === 'region back' ? doubled : 0)
      expect(figures.depths.length - 1, said).toBeLessThanOrEqual(maxDepth)
      expect(figures.largestFanOut, said).toBeLessThanOrEqual(fanOut)
      expect(figures.peakRequests, said).toBeLessThanOrEqual(most.requests)
      expect(figures.reattached.max, said).toBeLessThanOrEqual(most.reattached)
      expect(figures.followed.max, said).toBeLessThanOrEqual(most.followed)
      expect(max / mean, said).toBeLessThanOrEqual(most.imbalance)
      // Two that move below one another at one moment hear of it as soon as the news is round.
      expect(figures.longestCycle, said).toBeLessThan(500)
    }
  })

  it('finds another parent sooner where requests name the lost one', () => {
    const slowest = (namesLost: boolean) => {
      for (const { what, figures } of ordeals({ size: smallCluster, seed: 7, namesLost })) {
        if (what === 'relay lost') return figures.reattached.max
      }
      return undefined
    }
    expect(slowest(true)).toBeLessThan(1000)
    expect(slowest(false)).toBeGreaterThan(1500)
  })

  it('breaks a circle of two who move below one another at the same moment', () => {
    // On a line, with the origin far from all: each relay inside gets it by the one outside.
    const places = { 'west coast': 0, west: 10, east: 130, 'east coast': 140, origin: 300 }
    const placeOf = (region: string) => places[region as keyof typeof places]
    const distance = (from: string, to: string) => Math.abs(placeOf(from) - placeOf(to)) + 1
    const cluster = new SimulatedCluster({ distance, random: seededRandom(1) })
    cluster.addNode('o', 'origin', ['ingest'])
    cluster.publish('default/s', 'origin')
    for (const region of ['west coast', 'east coast', 'west', 'east']) {
      cluster.addNode(region, region, ['relay', 'edge'])
    }
    for (const side of ['west', 'east']) cluster.arrive('default/s', `${side} coast`, 10)
    cluster.run(5)
    for (const side of ['west', 'east']) cluster.arrive('default/s', side, 10)
    cluster.run(5)
    for (const side of ['west', 'east']) {
      expect(cluster.branches.at(side, 'default/s')?.parent).toBe(`${side} coast`)
      cluster.branches.move(side, 'default/s', `${side} coast`)
    }
    cluster.run(10)
    expect(faultsOf(cluster)).toEqual([])
    const { cycles, longestCycle } = measureCluster(cluster)
    expect(cycles).toBe(1)
    expect(longestCycle).toBeGreaterThan(0)
    expect(longestCycle).toBeLessThan(300)
  })

  it('spreads the viewers of an edge that drains over others, some hundred a second', () => {
    const cluster = growCluster(smallCluster, { random: seededRandom(1) })
    const sessionsAt = () => new Map([...cluster.nodes].map(([id, { sessions }]) => [id, sessions]))
    const busiest = [...cluster.nodes.values()].reduce((most, node) =>
      node.sessions > most.sessions ? node : most,
    )
    const before = sessionsAt()
    expect(before.get(busiest.id)).toBe(2000)
    measureCluster(cluster)
    cluster.drain(busiest.id)
    cluster.run(10)
    const more = [...sessionsAt()].map(([id, now]) => now - before.get(id)!).filter((n) => n > 0)
    expect(busiest.sessions).toBe(0)
    expect(more.length).toBeGreaterThan(3)
    expect(Math.max(...more)).toBeLessThan(750)
    expect(measureCluster(cluster).peakJoins).toBeLessThan(400)
  })

  it('branches where all watch one stream', () => {
    const crowd = { regions: 2, nodesPerRegion: 300, streams: 1, viewers: 800_000 }
    const cluster = growCluster(crowd, { random: seededRandom(1) })
    expect(faultsOf(cluster)).toEqual([])
    const { depths, largestFanOut, unplaced } = measureCluster(cluster)
    expect(unplaced).toBe(0)
    expect(depths.length - 1).toBeLessThanOrEqual(maxDepth)
    expect(largestFanOut).toBeLessThanOrEqual(fanOut)
    expect(largestFanOut).toBeGreaterThan(fanOut / 2)
  })
})
