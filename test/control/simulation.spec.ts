import { describe, expect, it } from 'vitest'
import { fanOut, maxDepth } from '#control/topology/limits.ts'
import { growCluster, measureCluster } from '#test/support/simulated-cluster-run.ts'
import { seededRandom } from '#test/support/simulated-events.ts'
import { long } from '#test/support/stage.ts'

const size = long
  ? { regions: 20, nodesPerRegion: 500, streams: 2000, viewers: 10_000_000 }
  : { regions: 4, nodesPerRegion: 60, streams: 60, viewers: 120_000 }

describe('a cluster on paper', { timeout: 600_000 }, () => {
  it('grows, changes, and loses a relay and a region', () => {
    const random = seededRandom(7)
    const { cluster, runSeconds, regionOf } = growCluster(size, random)
    const figures: object[] = []
    const check = (what: string, orphaned: number, from = 0) => {
      const measured = measureCluster(cluster)
      const reattached = orphaned === 0 ? 0 : Math.round(cluster.lastAttached - from)
      const { peakRequests, requests, unplaced } = cluster
      figures.push({ what, ...measured, orphaned, reattached, peakRequests, requests, unplaced })
      cluster.peakRequests = 0
      cluster.requests = 0
      expect(cluster.orphans.size, what).toBe(0)
      expect(measured.depths.length - 1).toBeLessThanOrEqual(maxDepth)
      expect(measured.largestFanOut).toBeLessThanOrEqual(fanOut)
      expect(unplaced).toBe(0)
      // What the registry's lease of 3 s and one unanswered request leave of patience.
      expect(reattached).toBeLessThan(4000)
      expect(peakRequests).toBeLessThan(1000)
    }
    check('grown', 0)

    const watching = [...cluster.nodes.values()].flatMap(({ id, carried }) =>
      [...carried].filter(([, { viewers }]) => viewers > 0).map(([stream]) => ({ id, stream })),
    )
    runSeconds(10, () => {
      for (let at = 0; at < watching.length / 100; at++) {
        const { id, stream } = watching[Math.floor(random() * watching.length)]!
        const viewers = cluster.nodes.get(id)!.carried.get(stream)?.viewers ?? 0
        if (viewers === 0) continue
        cluster.leave(id, stream, viewers)
        const other = watching[Math.floor(random() * watching.length)]!
        cluster.arrive(other.stream, regionOf(id), viewers)
      }
    })
    runSeconds(5)
    check('churned', 0)

    const relay = [...cluster.nodes.values()]
      .filter(({ roles }) => roles.includes('relay'))
      .reduce((most, node) => (node.children > most.children ? node : most))
    const beforeRelay = cluster.events.now
    const subtrees = relay.children
    cluster.lose([relay.id])
    runSeconds(10)
    check('a relay lost', subtrees, beforeRelay)

    // One where no publisher is: what a lost origin means is the link layer's matter.
    const region = `r${size.regions - 1}`
    const lost = [...cluster.nodes.values()].filter((node) => node.region === region && node.alive)
    const outside = lost
      .flatMap(({ carried }) => [...carried.values()].flatMap(({ children }) => [...children]))
      .filter((id) => regionOf(id) !== region).length
    const beforeRegion = cluster.events.now
    const viewers = cluster.lose(lost.map(({ id }) => id))
    // Players come back within 1 to 6 s.
    for (const { stream, viewers: count } of viewers) {
      cluster.events.after(1000 + random() * 5000, () => cluster.arrive(stream, region, count))
    }
    runSeconds(20)
    check('a region lost', outside, beforeRegion)
    if (long) process.stdout.write(`${JSON.stringify(figures)}\n`)
  })
})
