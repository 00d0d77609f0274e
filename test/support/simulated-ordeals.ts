import type { SimulatedCluster } from './simulated-cluster.ts'
import type { ClusterSize } from './simulated-cluster-run.ts'
import { churn, growCluster, measureCluster, restartAll } from './simulated-cluster-run.ts'
import { seededRandom } from './simulated-events.ts'
import { faultsOf } from './simulated-faults.ts'
import type { SimulatedNode } from './simulated-node.ts'

export const smallCluster = { regions: 4, nodesPerRegion: 60, streams: 60, viewers: 120_000 }
/** Issue 5's: 10,000 nodes, 10 million viewers. */
export const largeCluster = { regions: 20, nodesPerRegion: 500, streams: 2000, viewers: 10_000_000 }

export interface OrdealOptions {
  readonly size: ClusterSize
  readonly seed: number
  /** See `SimulatedCluster`; true by default. */
  readonly namesLost?: boolean
}

/** What was found after one thing had happened to a cluster, and it was left alone for a while. */
export interface OrdealReport {
  readonly what: Ordeal
  readonly figures: ReturnType<typeof measureCluster>
  readonly faults: readonly string[]
  /** Streams that two published, of those that have been healed. */
  readonly doubled: number
}

export type Ordeal =
  | 'grown'
  | 'churned'
  | 'relay lost'
  | 'ingest lost'
  | 'relay drained'
  | 'region cut off'
  | 'region back'
  | 'region lost'
  | 'all restarted'

/** Before a look at the whole, s: what moves by choice has arrived. */
const calm = 3

/** One after the other, to the same cluster. */
export function* ordeals({ size, seed, ...rest }: OrdealOptions): Generator<OrdealReport, void> {
  const random = seededRandom(seed)
  const cluster = growCluster(size, { random, ...rest })
  let doubled = 0
  const report = (what: Ordeal, except?: string): OrdealReport => {
    const { betterment } = cluster.branches
    betterment.isPaused = true
    cluster.run(calm)
    betterment.isPaused = false
    const faults = faultsOf(cluster, except)
    return { what, figures: measureCluster(cluster), faults, doubled }
  }
  yield report('grown')
  churn(cluster, 10, random)
  cluster.run(5)
  yield report('churned')
  cluster.lose([busiest(cluster, 'relay').id])
  cluster.run(10)
  yield report('relay lost')
  cluster.lose([busiest(cluster, 'ingest').id])
  cluster.run(15)
  yield report('ingest lost')
  const { id, protocol } = busiest(cluster, 'relay')
  cluster.drain(id)
  cluster.run(10)
  cluster.restart(id, protocol)
  cluster.run(5)
  yield report('relay drained')
  cluster.cut('r0')
  cluster.run(6)
  doubled = publishTwice(cluster, 'r0')
  cluster.run(14 - calm)
  yield report('region cut off', 'r0')
  cluster.heal()
  cluster.run(15)
  yield report('region back')
  const gone = `r${size.regions - 1}`
  const lost = [...cluster.nodes.values()].filter(({ region }) => region === gone)
  cluster.lose(lost.map((node) => node.id))
  cluster.run(20)
  yield report('region lost')
  restartAll(cluster, Math.max(Math.ceil(size.nodesPerRegion / 100), 2))
  // Relays are asked to begin, and must not be those that are too old.
  changeToNewStreams(cluster, 20)
  cluster.run(10)
  yield report('all restarted')
}

/** Of streams inside half, of those outside one in ten: on the other side somebody publishes too. */
function publishTwice(cluster: SimulatedCluster, region: string): number {
  const regionOf = (id: string) => cluster.nodes.get(id)!.region
  const claims = [...cluster.claims].flatMap(([stream, by]) =>
    [...by.keys()].map((id) => ({ stream, isInside: regionOf(id) === region })),
  )
  const twice = claims.filter(({ isInside }, at) => at % (isInside ? 2 : 10) === 0)
  for (const { stream, isInside } of twice) cluster.publish(stream, isInside ? 'r1' : region)
  return twice.length
}

/** A new stream a second, each with the viewers of another at one edge of every region. */
function changeToNewStreams(cluster: SimulatedCluster, count: number): void {
  const isWatched = ({ alive, sessions }: SimulatedNode) => alive && sessions > 0
  const watched = Map.groupBy([...cluster.nodes.values()].filter(isWatched), (one) => one.region)
  for (let at = 1; at <= count; at++) {
    const stream = `default/new${at}`
    cluster.publish(stream, 'r1')
    for (const [region, edges] of watched) {
      const { id, carried } = edges[at % edges.length]!
      const [before, { viewers }] = [...carried].find(([, one]) => one.viewers > 0)!
      cluster.leave(id, before, viewers)
      cluster.arrive(stream, region, viewers)
    }
    cluster.run(1)
  }
}

function busiest(cluster: SimulatedCluster, role: 'ingest' | 'relay'): SimulatedNode {
  return [...cluster.nodes.values()]
    .filter(({ roles, alive }) => alive && roles.includes(role))
    .reduce((most, node) => (node.children > most.children ? node : most))
}
