import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ClusterNetwork,
  clusterNetworkUnavailable,
  type NodeId,
} from '#test/support/cluster-network.ts'
import { makeMedia } from '#test/support/ffmpeg-media.ts'
import type { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import { long, longOnly } from '#test/support/stage.ts'
import { WatchingPage, type WatchingReport } from '#test/support/watching-pages.ts'

const missing = clusterNetworkUnavailable() ?? longOnly
const stream = 'restarted'
/** Watch pages in each region. */
const pages = long ? 6 : 2
/** For a node that drains and ends, in ms. */
const stopWithin = 15_000

function describePages(reports: readonly WatchingReport[]): string {
  const longest = (pick: (report: WatchingReport) => number) =>
    Math.max(...reports.map(pick)).toFixed(0)
  const states = [...new Set(reports.flatMap((report) => report.states))]
  return (
    `longest freeze ${longest(({ freeze }) => freeze)} ms, ` +
    `not live ${longest(({ notLive }) => notLive)} ms, states ${states}`
  )
}

describe('watch pages of a cluster whose nodes come and go', () => {
  let cluster: ClusterNetwork
  let publisher: LibdatachannelPublisher
  const watching: WatchingPage[] = []

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    const media = await makeMedia({ width: 320, height: 180, kilobitsPerSecond: 300 })
    cluster = await ClusterNetwork.open({ media, env: { TAILRACE_DRAIN_MS: '5000' } })
    publisher = await cluster.obs('ingest-1', stream)
    for (let i = 0; i < pages; i++) {
      watching.push(await open('viewers-a', 'edge-1'))
      watching.push(await open('viewers-b', i % 2 ? 'edge-3' : 'edge-2'))
    }
  }, 120_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  async function open(host: 'viewers-a' | 'viewers-b', edge: NodeId): Promise<WatchingPage> {
    const url = `${cluster.node(edge).origin}/watch/${stream}`
    return await WatchingPage.open(await cluster.browser(host), url)
  }

  async function through(what: string, happens: () => Promise<unknown>): Promise<WatchingReport[]> {
    for (const page of watching) await page.mark()
    await happens()
    for (const page of watching) await page.live()
    const reports = await Promise.all(watching.map((page) => page.report()))
    process.stdout.write(`${what}: ${describePages(reports)}\n`)
    return reports
  }

  it('play elsewhere within 5 s when an edge is killed', async () => {
    const reports = await through('kill -9 of edge-2', async () => {
      cluster.kill('edge-2')
      await delay(6000)
    })
    for (const { freeze } of reports) expect(freeze).toBeLessThan(5000)
    await cluster.start('edge-2')
    await delay(2000)
  }, 60_000)

  it.each(['relay-1', 'relay-2', 'edge-3', 'edge-2', 'edge-1'] as const)(
    'see no error and no second of stillness while %s is restarted',
    async (id) => {
      const reports = await through(`restart of ${id}`, async () => {
        await cluster.node(id).stop(stopWithin)
        await cluster.start(id)
        // The others hear of it.
        await delay(2500)
      })
      for (const { states, freeze } of reports) {
        expect(states).not.toContain('reconnecting')
        expect(freeze).toBeLessThan(1000)
      }
    },
    60_000,
  )

  it('go on when the ingest is restarted and the publisher comes back as OBS does', async () => {
    const reports = await through('restart of ingest-1', async () => {
      const stopped = cluster.node('ingest-1').stop(stopWithin)
      await publisher.state('closed', stopWithin)
      const closedAt = Date.now()
      publisher = await cluster.obs('ingest-1', stream).catch(() => cluster.obs('ingest-2', stream))
      process.stdout.write(`published again after ${Date.now() - closedAt} ms\n`)
      await stopped
      await cluster.start('ingest-1')
      await delay(2500)
    })
    for (const { states } of reports) expect(states).not.toContain('reconnecting')
  }, 60_000)
})
