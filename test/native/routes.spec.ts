import { describe, expect, it as plainIt } from 'vitest'
import { packetLogLimits } from '#relay/packet-log.ts'
import { named, numbered } from './labels.ts'
import { LayerFeed } from './layer-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes, twin } from './planes.ts'
import { until } from './until.ts'

/** A layer of a new publisher, on its way through the relay’s part of the work. */
async function layer(rig: PlaneRig, name = 'a', ssrc = 0x5eed): Promise<LayerFeed> {
  const feed = new LayerFeed(rig, await rig.peer(), { ssrc, name, limits: packetLogLimits })
  const before = rig.onMedia
  rig.onMedia = (peer, batch) => {
    before(peer, batch)
    for (let i = 0; i < batch.count; i++) {
      if (batch.slab.bytes.readUInt32BE(batch.offsets[i]! + 8) === ssrc) feed.receive(batch, i)
    }
  }
  return feed
}

const labels = (name: string, from: number, count: number) =>
  numbered(named(name, from, from + count - 1))

onEveryPlane('packets of a routed SSRC', (it) => {
  it('reach every viewer once and in order, and the log whole', async (rig) => {
    const feed = await layer(rig)
    const viewers = [await rig.viewer(), await rig.viewer(), await rig.viewer()]
    for (const viewer of viewers) rig.follow(viewer, feed.log)
    feed.send(500)
    await until(() => feed.hasAll)
    for (let index = 501; index < 700; index++) feed.send(index)
    await until(() => feed.hasAll)
    for (let index = 700; index < 900; index++) feed.send(index)
    await until(() => feed.hasAll)
    for (const viewer of viewers) {
      await viewer.has(400)
      await viewer.settled()
      expect(viewer.media).toEqual(labels('a', 500, 400))
    }
    expect(feed.log.packets.end - feed.log.packets.start).toBe(400)
  })

  it('have the place in the log that their number gives them, over wraps and late', async (rig) => {
    const feed = await layer(rig)
    const viewer = await rig.viewer()
    rig.follow(viewer, feed.log)
    feed.send(0xfff0)
    await until(() => feed.hasAll)
    const indices = [0xfff1, 0xffff, 0x10002, 0x10001, 0xfff5, 0x10000, 0x17000, 0x1e000, 0x20000]
    for (const index of indices) feed.send(index)
    await viewer.has(10)
    expect(viewer.media).toEqual([0xfff0, ...indices].map((i) => [i - 0xfff0, `a${i}`]))
  })

  it('are replayed to who comes later, and followed from there', async (rig) => {
    const feed = await layer(rig)
    feed.send(0)
    await until(() => feed.hasAll)
    for (let index = 1; index < 50; index++) feed.send(index)
    await until(() => feed.hasAll)
    const viewer = await rig.viewer()
    rig.replay(viewer, feed.log, feed.log.packets.start + 10)
    for (let index = 50; index < 100; index++) feed.send(index)
    await viewer.has(90)
    await viewer.settled()
    expect(viewer.media).toEqual(labels('a', 10, 90))
  })

  it('leave no hole where thousands of them have overtaken what came before the route', async (rig) => {
    const feed = await layer(rig)
    feed.hold()
    feed.send(0)
    await until(() => feed.hasAll)
    for (let batch = 1; batch < 2000; batch += 100) {
      for (let index = batch; index < batch + 100; index++) feed.send(index)
      await until(() => feed.hasAll)
    }
    feed.release()
    const viewer = await rig.viewer()
    rig.replay(viewer, feed.log, feed.log.packets.start)
    await viewer.has(2001)
    expect(viewer.media).toEqual(labels('a', 0, 2001))
  })

  it('are repaired by what the relay delivers, which may come first', async (rig) => {
    const feed = await layer(rig)
    const viewer = await rig.viewer()
    rig.follow(viewer, feed.log)
    feed.send(10)
    await until(() => feed.hasAll)
    feed.send(12)
    await until(() => feed.hasAll)
    feed.repair(11, 'repair 11')
    feed.repair(13, 'repair 13')
    await viewer.has(4)
    for (const index of [11, 13, 14]) feed.send(index)
    await viewer.has(5)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a10', 'a12', 'repair 11', 'repair 13', 'a14'])
  })

  it('are silent once their log is closed, and go where the next route leads', async (rig) => {
    const first = await layer(rig, 'a', 0x111)
    const second = await layer(rig, 'b', 0x222)
    const viewer = await rig.viewer()
    rig.follow(viewer, first.log)
    first.send(0)
    await until(() => first.hasAll)
    for (let index = 1; index < 10; index++) first.send(index)
    await until(() => first.hasAll)
    first.log.close()
    for (let index = 10; index < 20; index++) first.send(index)
    await until(() => first.hasAll)
    rig.follow(viewer, second.log)
    second.send(700)
    await until(() => second.hasAll)
    for (let index = 701; index < 710; index++) second.send(index)
    await viewer.has(20)
    await viewer.settled()
    const expected = [...labels('a', 0, 10), ...labels('b', 700, 10)]
    expect(viewer.labels).toEqual(expected.map(([, label]) => label))
  })

  it('go nowhere for a peer, or to a log, that is not there', async (rig) => {
    const { plane } = rig
    const { id, peer } = await rig.peer()
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    plane.route(99, 1, log.id, 0)
    plane.route(id, 1, 99, 0)
    const feed = new LayerFeed(rig, { id, peer }, { ssrc: 1, name: 'b', limits: packetLogLimits })
    for (let index = 0; index < 10; index++) feed.send(index)
    await until(() => rig.announced.length === 10)
    await viewer.settled()
    expect(viewer.received).toEqual([])
  })
})

describe.each(planes.filter((plane) => plane !== twin))('what is routed ($name)', (plane) => {
  plainIt('leaves while JavaScript does something else', { timeout: 30_000 }, async () => {
    const rig = await PlaneRig.open(plane)
    const feed = await layer(rig)
    const viewers = [await rig.viewer(), await rig.viewer()]
    for (const viewer of viewers) rig.follow(viewer, feed.log)
    feed.send(0)
    await until(() => feed.hasAll)
    for (let index = 1; index <= 50; index++) feed.send(index)
    // No turn of the event loop from here on: nothing is announced.
    const deadline = performance.now() + 10_000
    const count = () => rig.plane.statistics.sent.packets
    while (count() < 102 && performance.now() < deadline);
    expect(count()).toBe(102)
    expect(rig.announced).toHaveLength(1)
    for (const viewer of viewers) await viewer.has(51)
    await until(() => feed.hasAll)
    expect(viewers.map(({ media }) => media)).toEqual([labels('a', 0, 51), labels('a', 0, 51)])
    rig.check()
    await rig.close()
  })
})
