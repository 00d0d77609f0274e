import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ClusterNetwork,
  clusterNetworkUnavailable,
  type NodeId,
} from '#test/support/cluster-network.ts'
import type { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { PacketWatch } from '#test/support/packet-watch.ts'
import { long, longOnly } from '#test/support/stage.ts'
import { describeWatched, expectWhole, watchThrough } from '#test/support/watched.ts'

const missing = clusterNetworkUnavailable()
/** How often each node dies. */
const deaths = long ? 5 : 1
/** Pictures that viewers see after a death, at 30 a second. */
const pictures = long ? 150 : 90
const stream = 'failover'

/** Between two packets of a viewer. */
function longestPause(arrivals: readonly number[]): number {
  const at = arrivals.filter((each) => !Number.isNaN(each)).toSorted((a, b) => a - b)
  return Math.round(at.reduce((most, each, i) => Math.max(most, each - (at[i - 1] ?? each)), 0))
}

describe('kill -9 in a cluster of two regions, ingest – relay – relay – edge', () => {
  let cluster: ClusterNetwork
  let publisher: LibdatachannelPublisher
  let viewings: Viewing[]

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    cluster = await ClusterNetwork.open()
    publisher = await cluster.obs('ingest-1', stream)
    viewings = []
    for (const edge of ['edge-1', 'edge-2', 'edge-3'] as const) {
      const viewers = edge === 'edge-1' ? 'viewers-a' : 'viewers-b'
      const viewing = await cluster.view(viewers, edge, { stream, scale: publisher.clock })
      await viewing.firstFrame()
      await viewing.live(20_000)
      viewings.push(viewing)
    }
  }, 90_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  it.each(['relay-2', 'relay-1'] as const satisfies NodeId[])(
    'of %s costs viewers below it less than a second and not one picture',
    async (relay) => {
      const kill = () => cluster.kill(relay)
      for (let death = 0; death < deaths; death++) {
        const watched = await watchThrough(viewings, publisher.clock, kill, pictures)
        process.stdout.write(`kill -9 of ${relay}: ${describeWatched(watched)}\n`)
        expectWhole(watched)
        await cluster.start(relay)
      }
    },
    long ? 300_000 : 60_000,
  )

  it('of one relay after the other leaves no hole at the edges', async ({ skip }) => {
    if (longOnly) skip(longOnly)
    const ingest = cluster.node('ingest-1')
    const edges = ['edge-1', 'edge-2', 'edge-3'] as const
    const watch = await PacketWatch.start(cluster.network.end('publisher').namespace, {
      whip: ingest.whip('counted'),
      key: ingest.key,
      wheps: edges.map((id) => cluster.node(id).whep('counted')),
      warmUpFrames: 90,
      frames: 30 * 14 * deaths,
      // More of them than a publisher sends, so that some come while a relay is away.
      keyframeInterval: 30,
    })
    for (let death = 0; death < 2 * deaths; death++) {
      const relay = (['relay-2', 'relay-1'] as const)[death % 2]!
      await delay(3000)
      cluster.kill(relay)
      await delay(1000)
      await cluster.start(relay)
    }
    const arrivals = await watch.arrivals()
    const holes = arrivals.map((node) => node.filter((at) => Number.isNaN(at)).length)
    process.stdout.write(
      `${2 * deaths} relays killed: ${arrivals[0]!.length} packets, missing at edges ${holes}, ` +
        `longest pauses ${arrivals.map(longestPause)} ms\n`,
    )
    expect(holes).toEqual(edges.map(() => 0))
  }, 240_000)

  it('of the ingest lets the publisher go on at the other, and viewers stay', async () => {
    const sessions = (await Promise.all(viewings.map((viewing) => viewing.report()))).map(
      ({ session }) => session,
    )
    cluster.kill('ingest-1')
    const killedAt = Date.now()
    await publisher.vanish()
    // Sent to the origin that is dead the first time, and taken the second.
    const comeBack = () => cluster.obs('ingest-2', stream)
    publisher = await comeBack().catch(comeBack)
    for (const viewing of viewings) await viewing.setScale(publisher.clock)
    const reports = await Promise.all(
      viewings.map(async (viewing) => {
        await viewing.moreFrames(60, 20_000)
        const age = async () => (await viewing.report()).age
        await expect.poll(age, { timeout: 20_000, interval: 100 }).toBeLessThan(1000)
        return await viewing.report()
      }),
    )
    const gaps = reports.map(({ gaps: all }) => Math.max(0, ...all.map(({ gap }) => gap)))
    process.stdout.write(
      `kill -9 of the ingest: ${Date.now() - killedAt} ms, gaps ${gaps.map(Math.round)}, ` +
        `ages ${reports.map(({ age }) => age)} ms\n`,
    )
    expect(reports.map(({ session }) => session)).toEqual(sessions)
    for (const { state } of reports) expect(state).toBe('connected')
  }, 60_000)
})
