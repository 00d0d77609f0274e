import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ClusterNetwork,
  clusterNetworkUnavailable,
  type NodeId,
} from '#test/support/cluster-network.ts'
import type { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import type { Viewing } from '#test/support/media-page.ts'
import { longOnly } from '#test/support/stage.ts'
import { describeWatched, expectWhole, type Watched, watchThrough } from '#test/support/watched.ts'
import { WatchingPage } from '#test/support/watching-pages.ts'

const missing = clusterNetworkUnavailable() ?? longOnly
const stream = 'faults'
/** How long each of them lasts, in ms. */
const lasts = { loss: 60_000, cut: 30_000, noRedis: 30_000 }
/** In ms: longer than browsers take a path for whole, and shorter than a session lives. */
const silence = 8000
/** By then a page has looked for a nearer edge, in ms. */
const settled = 5000

function print(what: string, watched: readonly Watched[]): void {
  process.stdout.write(`${what}: ${describeWatched(watched)}\n`)
}

describe('faults of lines and of the registry, ingest – relay – relay – edge', () => {
  let cluster: ClusterNetwork
  let publisher: LibdatachannelPublisher
  const edges: NodeId[] = ['edge-1', 'edge-2']
  /** In the region of the ingest, and in the other one. */
  let near: Viewing
  let far: Viewing

  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  beforeAll(async () => {
    if (missing) return
    const nodes = ['ingest-1', 'relay-1', 'relay-2', 'edge-1', 'edge-2'] as const
    cluster = await ClusterNetwork.open({ nodes })
    publisher = await cluster.obs('ingest-1', stream)
    const options = { stream, scale: publisher.clock }
    near = await cluster.view('viewers-a', 'edge-1', options)
    await near.live(20_000)
    far = await cluster.view('viewers-b', 'edge-2', options)
    await far.live(20_000)
  }, 90_000)
  afterAll(async () => {
    await cluster?.close()
  }, 60_000)

  it('5 % of loss on a line between nodes costs no picture', async () => {
    const watched = await watchThrough([near, far], publisher.clock, async () => {
      cluster.network.setRegion('b', { loss: 0.05 })
      await delay(lasts.loss)
      cluster.network.setRegion('b', {})
    })
    print(`5 % of loss for ${lasts.loss / 1000} s`, watched)
    expectWhole(watched)
  }, 180_000)

  it('a region that is cut off stands still, and goes on when it is back', async () => {
    const watched = await watchThrough([near, far], publisher.clock, async () => {
      cluster.network.setRegion('b', { loss: 1 })
      await delay(lasts.cut)
      cluster.network.setRegion('b', {})
    })
    print(`a region cut off for ${lasts.cut / 1000} s`, watched)
    const [whole, cut] = watched
    expectWhole([whole!])
    expect(cut!.states).toEqual([])
    // A call that began just before the line is back is given up after 3 s, and made again after 2 s.
    expect(cut!.freeze).toBeLessThan(lasts.cut + 6000)
  }, 180_000)

  it(`${silence / 1000} s of silence on a viewer's line end with a picture`, async () => {
    const watched = await watchThrough([near, far], publisher.clock, async () => {
      cluster.network.setHost('viewers-b', { loss: 1 })
      await delay(silence)
      cluster.network.setHost('viewers-b', {})
    })
    print('8 s of silence on a viewer’s line', watched)
    const [whole, silent] = watched
    expectWhole([whole!])
    expect(silent!.report.state).toBe('connected')
    expect(silent!.freeze).toBeLessThan(silence + 4000)
  }, 180_000)

  it('Redis may be away and come back empty', async () => {
    const watched = await watchThrough([near, far], publisher.clock, async () => {
      await cluster.redis.kill()
      await delay(lasts.noRedis)
      await cluster.redis.restart()
    })
    print(`no Redis for ${lasts.noRedis / 1000} s`, watched)
    expectWhole(watched)
    // A node that knows nothing but what Redis says.
    await cluster.start('edge-3')
    edges.push('edge-3')
    const fresh = await cluster.view('viewers-b', 'edge-3', { stream, scale: publisher.clock })
    await fresh.live(20_000)
  }, 180_000)

  // A page that has asked for no camera binds no address, and so keeps its sockets.
  it('a viewer whose address changes in mid-play keeps its session', async () => {
    const at = async (id: NodeId) => {
      const edge = cluster.node(id)
      const { body } = await edge.get(`${edge.origin}/api/v1/viewers/${stream}?token=${edge.key}`)
      const { viewers } = JSON.parse(body) as { viewers: { id: number }[] }
      return viewers.map((viewer) => `${id} ${viewer.id}`)
    }
    const sessions = async () => (await Promise.all(edges.map(at))).flat()
    const others = await sessions()
    const browser = await cluster.browser('viewers-b')
    const { origin } = cluster.node('edge-2')
    const page = await WatchingPage.open(browser, `${origin}/watch/${stream}`)
    // It may find that another edge is nearer.
    await delay(settled)
    const own = (await sessions()).filter((id) => !others.includes(id))
    expect(own).toHaveLength(1)
    await page.mark()
    await cluster.network.readdress('viewers-b')
    await delay(silence)
    const { freeze, notLive } = await page.report()
    process.stdout.write(`another address of a viewer: freeze ${freeze.toFixed(0)} ms\n`)
    expect(freeze).toBeLessThan(5000)
    expect(notLive).toBe(0)
    expect(await sessions()).toContain(own[0])
  }, 60_000)
})
