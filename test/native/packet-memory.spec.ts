import { readdirSync } from 'node:fs'
import { describe, expect, it as plainIt } from 'vitest'
import type { PacketPlace } from '#native/packet-store.ts'
import type { Slab } from '#native/slab.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { labelOf } from '#test/support/stored-packets.ts'
import { named } from './labels.ts'
import { LayerFeed } from './layer-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes } from './planes.ts'
import { until } from './until.ts'

/** Of a log that lets go of a packet some 300 later, in the middle of a slab. */
const limits = { minimumAge: 1e9, maximumAge: 1e9, maximumBytes: 300_000 }
/** Packets that are in flight at once. */
const chunk = 100

/** A publisher whose packets a log keeps for a while, and the slabs that they came in. */
async function kept(rig: PlaneRig): Promise<{ feed: LayerFeed; slabs: Set<Slab> }> {
  const feed = new LayerFeed(rig, await rig.peer(), { ssrc: 7, name: 'a', limits })
  const slabs = new Set<Slab>()
  rig.onMedia = (_peer, batch) => {
    slabs.add(batch.slab)
    for (let i = 0; i < batch.count; i++) feed.receive(batch, i)
  }
  return { feed, slabs }
}

async function send(feed: LayerFeed, from: number): Promise<void> {
  for (let index = from; index < from + chunk; index++) feed.send(index)
  await until(() => feed.hasAll)
}

/** The labels of all that the log holds. */
function labels({ log: { packets } }: LayerFeed): string[] {
  const place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  const found: string[] = []
  const packet = new RtpPacket()
  for (let index = packets.start; index < packets.end; index++) {
    if (!packets.locate(index, place)) continue
    packet.read(place.bytes, place.offset, place.offset + place.length)
    found.push(labelOf(packet.payload))
  }
  return found
}

onEveryPlane('a packet that a log keeps', (it) => {
  it('stays whole while others of its slab are dropped, for who reads and who asks', async (rig) => {
    const { feed } = await kept(rig)
    const viewer = await rig.viewer()
    rig.follow(viewer, feed.log)
    // What comes while its route is new may overtake what was announced before.
    feed.send(0)
    await until(() => feed.hasAll)
    for (let from = 1; from < 3000; from += chunk) {
      await send(feed, from)
      const held = labels(feed)
      expect(held).toEqual(named('a', from + chunk - held.length, from + chunk - 1))
    }
    expect(labels(feed).length).toBeLessThan(310)
    await until(() => viewer.media.length === 3001)
    expect(viewer.labels).toEqual(named('a', 0, 3000))
    viewer.nack(2750, 2800, 3000)
    const before = viewer.received.length
    await viewer.has(before + 3)
    expect(viewer.labels.slice(before)).toEqual(['a2750', 'a2800', 'a3000'])
  })

  it('leaves its memory to others when it is dropped', async (rig) => {
    const { feed, slabs } = await kept(rig)
    for (let from = 0; from < 8000; from += chunk) await send(feed, from)
    // Eight megabytes came; what is held, and in flight, fits into a few slabs of 256 KiB.
    expect(slabs.size).toBeLessThan(12)
  })

  it('of whom nobody keeps anything takes none', async (rig) => {
    const { feed, slabs } = await kept(rig)
    rig.onMedia = (_peer, { slab, count }) => {
      slabs.add(slab)
      came += count
    }
    let came = 0
    for (let from = 0; from < 4000; from += chunk) {
      for (let index = from; index < from + chunk; index++) feed.send(index)
      await until(() => came === from + chunk)
    }
    expect(slabs.size).toBeLessThan(8)
  })
})

// Where else the kernel tells of both, nobody has to know.
describe.skipIf(process.platform !== 'linux')('what a plane holds of the machine', () => {
  plainIt.each(planes)('is given back: $name', { timeout: 30_000 }, async (plane) => {
    const held = () => ['task', 'fd'].map((kind) => readdirSync(`/proc/self/${kind}`).length)
    const once = async () => {
      const rig = await PlaneRig.open(plane, { addresses: ['127.0.0.1', '::1'] })
      const { feed } = await kept(rig)
      await send(feed, 0)
      await rig.close()
    }
    await once()
    const [threads, descriptors] = held()
    for (let i = 0; i < 10; i++) await once()
    await until(() => {
      const [threadsNow, descriptorsNow] = held()
      return threadsNow! <= threads! && descriptorsNow! <= descriptors!
    })
  })
})
