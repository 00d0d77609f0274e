import { shareOf } from '#control/topology/hash.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import type { SimulatedNode } from './simulated-cluster-node.ts'

export interface ClusterSize {
  readonly regions: number
  /** One in fifty an ingest, one in ten a relay, the rest edges. */
  readonly nodesPerRegion: number
  readonly streams: number
  readonly viewers: number
}

/** One way, ms: 1 within a region, 5 to 120 by where on a ring the regions are. */
function latencyOn(regions: number): (from: string, to: string) => number {
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
export function growCluster(size: ClusterSize, random: () => number) {
  const { regions, streams, viewers } = size
  const cluster = new SimulatedCluster(latencyOn(regions))
  addNodes(cluster, size)
  // The last region has viewers and no publisher: it is the one to be lost.
  const ingests = [...cluster.nodes.values()].filter(
    ({ roles, region }) => roles.includes('ingest') && region !== `r${regions - 1}`,
  )
  let weights = 0
  for (let at = 1; at <= streams; at++) weights += 1 / at
  for (let at = 1; at <= streams; at++) {
    const stream = `default/s${at}`
    cluster.publish(stream, ingests[at % ingests.length]!.id)
    for (let region = 0; region < regions; region++) {
      const exact = viewers / at / weights / regions
      const count = Math.floor(exact) + (shareOf(stream, `r${region}`) < exact % 1 ? 1 : 0)
      for (let left = count; left > 0; left -= 2000) {
        const group = Math.min(left, 2000)
        const arrive = () => cluster.arrive(stream, `r${region}`, group)
        cluster.events.after(random() * 60_000, arrive)
      }
    }
  }
  const runSeconds = (seconds: number, each?: () => void) => {
    for (let at = 0; at < seconds; at++) {
      cluster.announce()
      each?.()
      cluster.events.runTo(cluster.events.now + 1000)
    }
  }
  runSeconds(75)
  return { cluster, runSeconds, regionOf: (id: string) => cluster.nodes.get(id)!.region }
}

function addNodes(cluster: SimulatedCluster, { regions, nodesPerRegion }: ClusterSize): void {
  for (let at = 0; at < regions * nodesPerRegion; at++) {
    const within = Math.floor(at / regions)
    const role = within % 50 === 0 ? 'ingest' : within % 10 === 5 ? 'relay' : 'edge'
    cluster.addNode(`n${at}`, `r${at % regions}`, [role])
  }
}

/** Mbit/s of a stream, the one of docs/performance.md. */
const bitrate = 2.5

export function measureCluster(cluster: SimulatedCluster) {
  const alive = [...cluster.nodes.values()].filter((node) => node.alive)
  const edges = alive.filter(({ roles }) => roles.includes('edge'))
  const relays = alive.filter(({ roles }) => roles.includes('relay'))
  return {
    viewers: alive.reduce((sum, { sessions }) => sum + sessions, 0),
    ...measureTrees(cluster, alive),
    viewersPerEdge: spread(edges.map(({ sessions }) => sessions)),
    childrenPerRelay: spread(relays.map(({ children }) => children)),
    nodeOutMbits: spread(alive.map(({ sessions, children }) => (sessions + children) * bitrate)),
  }
}

function measureTrees(cluster: SimulatedCluster, alive: readonly SimulatedNode[]) {
  const depths: number[] = []
  const links = new Map<string, number>()
  let [largestFanOut, crossings] = [0, 0]
  for (const { id, region, carried } of alive) {
    for (const [stream, { parent, children }] of carried) {
      const path = cluster.pathOf(id, stream)
      if (!path) continue
      depths[path.length] = (depths[path.length] ?? 0) + 1
      largestFanOut = Math.max(largestFanOut, children.size)
      if (parent === undefined) continue
      if (cluster.nodes.get(parent)!.region !== region) crossings++
      links.set(`${parent} ${id}`, (links.get(`${parent} ${id}`) ?? 0) + bitrate)
    }
  }
  return {
    depths: Array.from(depths, (count) => count ?? 0),
    largestFanOut,
    crossings,
    linkMbits: spread([...links.values()]),
  }
}

function spread(values: readonly number[]): { readonly mean: number; readonly max: number } {
  let [sum, max] = [0, 0]
  for (const value of values) {
    sum += value
    max = Math.max(max, value)
  }
  return { mean: Math.round((10 * sum) / Math.max(values.length, 1)) / 10, max }
}
