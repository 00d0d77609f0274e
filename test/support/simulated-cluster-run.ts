import { shareOf } from '#control/topology/hash.ts'
import type { RegionDistance } from '#control/topology/regions.ts'
import { groups, SimulatedCluster } from './simulated-cluster.ts'
import { quantile } from './simulated-figures.ts'
import type { SimulatedNode } from './simulated-node.ts'

export interface ClusterSize {
  readonly regions: number
  /** One in fifty an ingest, one in ten a relay, the rest edges. */
  readonly nodesPerRegion: number
  readonly streams: number
  readonly viewers: number
}

/** One way, ms: 1 within a region, 5 to 120 by where on a ring the regions are. */
function distanceOn(regions: number): RegionDistance {
  const table = new Map<string, Map<string, number>>()
  for (let from = 0; from < regions; from++) {
    const row = new Map<string, number>()
    for (let to = 0; to < regions; to++) {
      const apart = Math.min(Math.abs(from - to), regions - Math.abs(from - to))
      row.set(`r${to}`, from === to ? 1 : 5 + Math.round((115 * apart) / Math.ceil(regions / 2)))
    }
    table.set(`r${from}`, row)
  }
  return (from, to) => table.get(from)!.get(to)!
}

/** Streams of Zipf popularity; their viewers arrive over a minute, in every region. */
export function growCluster(
  size: ClusterSize,
  options: { readonly random: () => number; readonly namesLost?: boolean },
): SimulatedCluster {
  const { regions, nodesPerRegion } = size
  const { random } = options
  const cluster = new SimulatedCluster({ distance: distanceOn(regions), ...options })
  for (let at = 0; at < regions * nodesPerRegion; at++) {
    const within = Math.floor(at / regions)
    const role = within % 50 === 0 ? 'ingest' : within % 10 === 5 ? 'relay' : 'edge'
    cluster.addNode(`n${at}`, `r${at % regions}`, [role])
  }
  for (let at = 1; at <= size.streams; at++) {
    cluster.publish(`default/s${at}`, `r${at % regions}`)
    for (let region = 0; region < regions; region++) crowd(cluster, size, { at, region, random })
  }
  cluster.run(75)
  return cluster
}

function crowd(
  cluster: SimulatedCluster,
  { streams, regions, viewers }: ClusterSize,
  { at, region, random }: { at: number; region: number; random: () => number },
): void {
  const stream = `default/s${at}`
  let weights = 0
  for (let rank = 1; rank <= streams; rank++) weights += 1 / rank
  const exact = viewers / at / weights / regions
  const count = Math.floor(exact) + (shareOf(stream, `r${region}`) < exact % 1 ? 1 : 0)
  for (const group of groups(count)) {
    cluster.network.events.after(random() * 60_000, () => {
      cluster.arrive(stream, `r${region}`, group)
    })
  }
}

/** Viewers of 1 % of all (edge, stream) pairs a second leave, and as many come to others. */
export function churn(cluster: SimulatedCluster, seconds: number, random: () => number): void {
  const watching = [...cluster.nodes.values()]
    .filter(({ alive }) => alive)
    .flatMap(({ id, region, carried }) =>
      [...carried]
        .filter(([, { viewers }]) => viewers > 0)
        .map(([stream]) => ({ id, region, stream })),
    )
  const draw = () => watching[Math.floor(random() * watching.length)]!
  cluster.run(seconds, () => {
    for (let at = 0; at < watching.length / 100; at++) {
      const { id, region, stream } = draw()
      const viewers = cluster.branches.at(id, stream)?.viewers ?? 0
      if (viewers === 0) continue
      cluster.leave(id, stream, viewers)
      cluster.arrive(draw().stream, region, viewers)
    }
  })
}

/**
 * All nodes drain for 10 s, stop, and come back 2 s later with the next versions of the protocol:
 * in each region so many at a time. The last relay of each region comes back with old ones only,
 * which nobody speaks by then.
 */
export function restartAll(cluster: SimulatedCluster, atOnce: number): void {
  const alive = [...cluster.nodes.values()].filter((node) => node.alive)
  const regions = Map.groupBy(alive, ({ region }) => region)
  const most = Math.max(...[...regions.values()].map(({ length }) => length))
  const tooOld = new Set(
    [...regions.values()].map((all) => all.findLast(({ roles }) => roles.includes('relay'))?.id),
  )
  for (let from = 0; from < most; from += atOnce) {
    const nodes = [...regions.values()].flatMap((all) => all.slice(from, from + atOnce))
    for (const { id } of nodes) cluster.drain(id)
    cluster.run(10)
    for (const { id } of nodes) {
      const newest = tooOld.has(id) ? 1 : 3
      cluster.restart(id, { oldest: newest === 1 ? 1 : 2, newest })
    }
    cluster.run(3)
  }
}

/** Mbit/s of a stream, the one of docs/performance.md. */
const bitrate = 2.5

/** And begins to count anew. */
export function measureCluster(cluster: SimulatedCluster) {
  const alive = [...cluster.nodes.values()].filter((node) => node.alive)
  const edges = alive.filter(({ roles }) => roles.includes('edge'))
  const relays = alive.filter(({ roles }) => roles.includes('relay'))
  const { reattached, followed, begun, ...counts } = { ...cluster.figures }
  cluster.figures.clear()
  return {
    viewers: alive.reduce((sum, { sessions }) => sum + sessions, 0),
    ...measureTrees(cluster, alive),
    viewersPerEdge: spread(edges.map(({ sessions }) => sessions)),
    childrenPerRelay: spread(relays.map(({ children }) => children)),
    nodeOutMbits: spread(alive.map(({ sessions, children }) => (sessions + children) * bitrate)),
    ...counts,
    reattached: times(reattached),
    followed: times(followed),
    begun: times(begun),
  }
}

function measureTrees(cluster: SimulatedCluster, alive: readonly SimulatedNode[]) {
  const depths = [0]
  const links = new Map<string, number>()
  let [largestFanOut, crossings] = [0, 0]
  for (const { id, region, carried } of alive) {
    for (const { parent, children, above } of carried.values()) {
      depths[above.length] = (depths[above.length] ?? 0) + 1
      largestFanOut = Math.max(largestFanOut, children.size)
      if (parent === undefined) continue
      if (cluster.nodes.get(parent)!.region !== region) crossings++
      links.set(`${parent} ${id}`, (links.get(`${parent} ${id}`) ?? 0) + bitrate)
    }
  }
  const linkMbits = spread([...links.values()])
  return { depths: Array.from(depths, (count) => count ?? 0), largestFanOut, crossings, linkMbits }
}

function spread(values: readonly number[]): { readonly mean: number; readonly max: number } {
  let [sum, max] = [0, 0]
  for (const value of values) {
    sum += value
    max = Math.max(max, value)
  }
  return { mean: Math.round((10 * sum) / Math.max(values.length, 1)) / 10, max }
}

function times(values: readonly number[]) {
  const at = (share: number) => Math.round(quantile(values, share) ?? 0)
  return { count: values.length, p50: at(0.5), p95: at(0.95), max: at(1) }
}
