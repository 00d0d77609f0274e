import { expect } from 'vitest'
import type { TrackId } from '#native/media-plane.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'
import { Viewer } from './viewer.ts'

const audio = { ...withoutRtx, kind: 'audio', ssrc: 0x3333, clockRate: 48_000 } as const
/** More than any kernel buffers for one that reads nothing, in packets of 1000 bytes. */
const endless = 30_000

/** A viewer that has stopped reading, and a log of which nothing more is taken for it. */
async function congestedViewer(rig: PlaneRig) {
  const peer = await rig.admitted()
  const viewer = new Viewer(rig.plane, rig.nextPeer(), peer, withRtx)
  const log = rig.log('a')
  rig.follow(viewer, log)
  log.arrive(1)
  await viewer.has(1)
  peer.pause()
  let next = 2
  while (rig.congestions.length === 0 && next < endless) {
    log.arriveAll(next, next + 49)
    next += 50
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(rig.congestions).toEqual([{ peer: viewer.id, isCongested: true }])
  return { peer, viewer, log, next }
}

onEveryPlane('a TCP connection that does not keep up', (it) => {
  it('takes no media until all that waits has left, and is then ready for a replay', async (rig) => {
    const { peer, viewer, log, next } = await congestedViewer(rig)
    const sound = rig.plane.addTrack(viewer.id, audio)
    const voice = rig.log('v')
    rig.plane.follow(sound, { log: voice.id, payloadType: 111 })
    log.arriveAll(next, next + 9)
    voice.arrive(1)
    // Until the plane has had them all, and dropped them.
    const passed = (track: TrackId) => rig.plane.trackStatistics(track).packets
    await until(() => passed(viewer.track) === next + 9 && passed(sound) === 1)
    peer.resume()
    await until(() => rig.congestions.length === 2)
    expect(rig.congestions[1]).toEqual({ peer: viewer.id, isCongested: false })
    voice.arrive(2)
    rig.replay(viewer, log, next)
    await until(() => viewer.labels.includes(`a${next + 9}`))
    await viewer.settled()
    const { labels } = viewer
    const replayed = labels.slice(labels.indexOf(`a${next}`)).filter((label) => label !== 'v2')
    expect(replayed).toEqual(Array.from({ length: 10 }, (_, i) => `a${next + i}`))
    expect(labels).toContain('v2')
    expect(labels).not.toContain('v1')
  })

  it('has let no more wait than its bound', async (rig) => {
    const { peer, viewer, log, next } = await congestedViewer(rig)
    const before = process.memoryUsage().rss
    log.arriveAll(next, next + 2999)
    await until(() => rig.plane.statistics.sendDrops.full >= 3000)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    peer.resume()
    await until(() => rig.congestions.length === 2)
    await viewer.settled()
    // Frames are whole, and in order: each number once, and none behind a later one.
    const numbers = viewer.labels.map((label) => Number(label.slice(1)))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(numbers.at(-1)).toBeLessThan(next)
  })

  it('costs viewers elsewhere nothing', async (rig) => {
    const { log, next } = await congestedViewer(rig)
    const other = await rig.viewer()
    rig.follow(other, log)
    log.arriveAll(next, next + 99)
    await other.has(100)
    expect(other.labels).toEqual(Array.from({ length: 100 }, (_, i) => `a${next + i}`))
  })

  it('still carries STUN, DTLS and RTCP', async (rig) => {
    const { peer, viewer } = await congestedViewer(rig)
    rig.plane.sendControl(Buffer.alloc(20, 1), peer.path)
    peer.resume()
    await viewer.settled()
    expect(peer.control.at(-1)!.datagram).toEqual(Buffer.alloc(20, 1))
  })

  it('may be left for UDP', async (rig) => {
    const { peer, viewer, log, next } = await congestedViewer(rig)
    const other = await rig.stranger({ like: peer })
    rig.plane.movePeer(viewer.id, other.path)
    log.arrive(next, next + 1)
    await until(() => other.media.length === 2)
    expect(viewer.labels.slice(-2)).toEqual([`a${next}`, `a${next + 1}`])
  })
})
