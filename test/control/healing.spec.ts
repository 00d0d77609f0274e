import { describe, expect, it } from 'vitest'
import type { SimulatedCluster } from '#test/support/simulated-cluster.ts'
import { growCluster, measureCluster } from '#test/support/simulated-cluster-run.ts'
import { seededRandom } from '#test/support/simulated-events.ts'
import { faultsOf } from '#test/support/simulated-faults.ts'
import type { SimulatedNode } from '#test/support/simulated-node.ts'
import { largeCluster, smallCluster } from '#test/support/simulated-ordeals.ts'
import { long } from '#test/support/stage.ts'

const size = long ? largeCluster : smallCluster
const protocol = { oldest: 1, newest: 2 }

/**
 * Of edges: branches whose parent is in another region, or the origin itself, and the mean of links
 * to it. Of all: streams carried between regions; moves since the last look.
 */
function shapeOf(cluster: SimulatedCluster) {
  const { betterment } = cluster.branches
  betterment.isPaused = true
  cluster.run(3)
  betterment.isPaused = false
  expect(faultsOf(cluster)).toEqual([])
  let [branches, strangers, atOrigin, links] = [0, 0, 0, 0]
  for (const { region, roles, carried } of cluster.nodes.values()) {
    for (const { parent, above } of carried.values()) {
      if (parent === undefined || roles.includes('relay')) continue
      branches++
      links += above.length
      if (cluster.nodes.get(parent)!.region !== region) strangers++
      if (above.length === 1) atOrigin++
    }
  }
  const { crossings, moves, longestCycle } = measureCluster(cluster)
  return { strangers, atOrigin, depth: links / branches, crossings, moves, longestCycle }
}

const losses = {
  'all relays of a region': {
    fleeing: 1,
    lose: (cluster: SimulatedCluster) => cluster.lose(relaysOf(cluster, 'r1')),
    bring(cluster: SimulatedCluster) {
      for (const id of relaysOf(cluster, 'r1')) cluster.restart(id, protocol)
    },
  },
  'the links of a region': {
    // Whoever knows nobody else goes back to the parent that was lost, at once.
    fleeing: 0,
    lose: (cluster: SimulatedCluster) => cluster.cut('r1'),
    bring: (cluster: SimulatedCluster) => cluster.heal(),
  },
} as const

function relaysOf({ nodes }: SimulatedCluster, of: string): string[] {
  const isOne = ({ region, roles }: SimulatedNode) => region === of && roles.includes('relay')
  return [...nodes.values()].filter(isOne).map(({ id }) => id)
}

describe('a tree that has lost a part', { timeout: 900_000 }, () => {
  it.each(['all relays of a region', 'the links of a region'] as const)(
    'has its shape again soon after %s are back, and then holds still',
    (part) => {
      const cluster = growCluster(size, { random: seededRandom(7) })
      cluster.run(120)
      const fresh = shapeOf(cluster)
      losses[part].lose(cluster)
      cluster.run(20)
      losses[part].bring(cluster)
      cluster.run(10)
      const soon = shapeOf(cluster)
      expect(soon.strangers).toBeGreaterThanOrEqual(losses[part].fleeing)
      cluster.run(150)
      const healed = shapeOf(cluster)
      const { strangers, atOrigin, crossings } = fresh
      expect(healed).toMatchObject({ strangers, atOrigin, longestCycle: 0 })
      expect(Math.abs(healed.crossings / crossings - 1)).toBeLessThan(0.02)
      expect(Math.abs(healed.depth / fresh.depth - 1)).toBeLessThan(0.1)
      // Hardly more than have something to gain: each branch finds its place with one move.
      expect(healed.moves).toBeLessThan(1.25 * soon.strangers + 10)
      cluster.run(120)
      expect(shapeOf(cluster)).toEqual({ ...healed, moves: 0 })
    },
  )
})
