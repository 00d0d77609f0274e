import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ClusterNetwork,
  clusterNetworkUnavailable,
  type NodeId,
} from '#test/support/cluster-network.ts'
import type { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { long } from '#test/support/stage.ts'
import { describeWatched, exact, type Watched, watchThrough } from '#test/support/watched.ts'

const missing = clusterNetworkUnavailable()
/** How often each node dies. */
const deaths = long ? 10 : 1
const stream = 'failover'

/** Nobody has noticed more than a short stop: the same session, and not a picture missing. */
function expectWhole(watched: readonly Watched[]): void {
  for (const { report, ...seen } of watched) {
    expect(seen, JSON.stringify(report)).toMatchObject({ lost: 0, states: [] })
    expect(seen.freeze, JSON.stringify(report)).toBeLessThan(1000)
    expect(Math.abs(seen.missed), JSON.stringify(report)).toBeLessThanOrEqual(exact)
  }
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
      for (let death = 0; death < deaths; death++) {
        const watched = await watchThrough(viewings, publisher.clock, () => cluster.kill(relay))
        process.stdout.write(`kill -9 of ${relay}: ${describeWatched(watched)}\n`)
        expectWhole(watched)
        await cluster.start(relay)
      }
    },
    long ? 300_000 : 60_000,
  )

  it('of the ingest lets the publisher go on at the other, and viewers stay', async () => {
    const sessions = (await Promise.all(viewings.map((viewing) => viewing.report()))).map(
      ({ session }) => session,
    )
    cluster.kill('ingest-1')
    const killedAt = Date.now()
    await publisher.vanish()
    publisher = await cluster.obs('ingest-2', stream)
    for (const viewing of viewings) await viewing.setScale(publisher.clock)
    const reports = await Promise.all(
      viewings.map(async (viewing) => {
        await viewing.moreFrames(60, 20_000)
        return await viewing.report()
      }),
    )
    const gaps = reports.map(({ gaps: all }) => Math.max(0, ...all.map(({ gap }) => gap)))
    process.stdout.write(
      `kill -9 of the ingest: ${Date.now() - killedAt} ms, gaps ${gaps.map(Math.round)}, ` +
        `ages ${reports.map(({ age }) => age)} ms\n`,
    )
    expect(reports.map(({ session }) => session)).toEqual(sessions)
    for (const { age, state } of reports) {
      expect(state).toBe('connected')
      expect(age).toBeLessThan(1000)
    }
  }, 60_000)
})
