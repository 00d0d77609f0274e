import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { percentiles } from '#load/percentiles.ts'
import { ClusterNetwork, clusterNetworkUnavailable } from '#test/support/cluster-network.ts'
import { PacketWatch } from '#test/support/packet-watch.ts'
import { longOnly } from '#test/support/stage.ts'

const stream = 'hops'
const frames = 30 * 60

describe('the links of ingest – relay – relay – edge', () => {
  let cluster: ClusterNetwork | undefined
  beforeEach(({ skip }) => {
    const missing = clusterNetworkUnavailable() ?? longOnly
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await cluster?.close()
    cluster = undefined
  }, 60_000)

  it('pass on every packet, within a few milliseconds', async () => {
    const nodes = ['ingest-1', 'relay-1', 'relay-2', 'edge-2'] as const
    const viewed = { 'ingest-1': ['edge'], 'relay-1': ['edge'], 'relay-2': ['edge'] } as const
    cluster = await ClusterNetwork.open({ nodes, roles: viewed, cables: true })
    const ingest = cluster.node('ingest-1')
    const watch = await PacketWatch.start(cluster.network.end('publisher').namespace, {
      whip: ingest.whip(stream),
      key: ingest.key,
      wheps: nodes.map((id) => cluster!.node(id).whep(stream)),
      warmUpFrames: 240,
      frames,
    })
    const arrivals = await watch.arrivals()
    const hops = arrivals.slice(1).map((node, i) => node.map((at, n) => at - arrivals[i]![n]!))
    const named = hops.map((ms, i) => [`${nodes[i]} to ${nodes[i + 1]}`, ms] as const)
    for (const [name, ms] of [...named, ['all links', hops.flat()] as const]) {
      const { count, p50, p95, p99, max } = percentiles(ms.filter((each) => !Number.isNaN(each)))!
      const [a, b, c, d] = [p50, p95, p99, max].map((each) => each.toFixed(2))
      process.stdout.write(`${name}, n ${count}: p50 ${a} ms, p95 ${b}, p99 ${c}, max ${d}\n`)
    }
    for (const ms of hops) expect(ms.filter((each) => Number.isNaN(each))).toEqual([])
  }, 240_000)
})
