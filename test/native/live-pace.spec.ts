import { expect } from 'vitest'
import { onEveryPlane } from './on-every-plane.ts'
import { withRtx } from './received.ts'
import { until } from './until.ts'

/** Slower than anything that a spec waits for: what leaves had budget. */
const still = 0.001

onEveryPlane('the pace of live packets (BWE-67..70)', (it) => {
  it('holds back what comes after the budget, and sends it later in the same order', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.setLivePace(viewer.track, still)
    rig.follow(viewer, log)
    // The first overdraws the budget.
    log.arriveAll(1000, 1009)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a1000'])
    log.arrive(1010)
    rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
    await viewer.has(11)
    log.arrive(1011)
    await viewer.has(12)
    expect(viewer.media).toEqual(Array.from({ length: 12 }, (_, i) => [i, `a${1000 + i}`]))
    const { playoutDelay, transportSequence } = viewer.received[5]!
    expect([playoutDelay, transportSequence]).toEqual([undefined, undefined])
    expect(rig.events).toEqual([`started ${viewer.track}`])
  })

  it('is a rate, with 30 ms of it at once', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    // A packet in 10 ms.
    rig.plane.setLivePace(viewer.track, 100)
    rig.follow(viewer, log)
    const before = performance.now()
    log.arriveAll(1000, 1019)
    await viewer.has(20)
    // Three at once, one overdrawn, and 16 that wait.
    expect(performance.now() - before).toBeGreaterThan(145)
    expect(viewer.media.map(([out]) => out)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('does not hold back repairs of what has been passed, nor repeats', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arrive(1000, 1002)
    rig.plane.setLivePace(viewer.track, still)
    log.arrive(1003, 1005, 1006)
    await viewer.take(3)
    // The one passed as a hole goes out; of those behind only what lies before them.
    log.arrive(1001, 1007)
    viewer.nack(0)
    const taken = await viewer.take(2)
    expect(taken.map(({ label }) => label)).toEqual(['a1001', 'a1000'])
    log.arrive(1004)
    expect((await viewer.take(1))[0]!.label).toBe('a1004')
    await viewer.settled()
    rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
    const rest = await viewer.take(3)
    expect(rest.map(({ label }) => label)).toEqual(['a1005', 'a1006', 'a1007'])
  })

  it('leaves a replay its own pace, and comes back after it', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1009)
    rig.plane.setLivePace(viewer.track, still)
    rig.replay(viewer, log, 1000)
    await rig.told('caught up', viewer.track)
    await viewer.take(10)
    log.arriveAll(1010, 1015)
    await viewer.settled()
    expect((await viewer.take(1)).map(({ label }) => label)).toEqual(['a1010'])
    // A keyframe overtakes what is behind.
    rig.replay(viewer, log, 1014)
    await rig.told('caught up', viewer.track, 2)
    expect((await viewer.take(2)).map(({ label }) => label)).toEqual(['a1014', 'a1015'])
  })

  it('does not hold back another track of the viewer', async (rig) => {
    const viewer = await rig.viewer()
    const audio = rig.plane.addTrack(viewer.id, { ...withRtx, kind: 'audio', ssrc: 0x7777 })
    const log = rig.log('a')
    rig.plane.setLivePace(viewer.track, still)
    rig.follow(viewer, log)
    rig.plane.follow(audio, log.source)
    log.arriveAll(1000, 1009)
    await until(() => viewer.received.filter(({ ssrc }) => ssrc === 0x7777).length === 10)
    expect(viewer.received).toHaveLength(11)
  })

  it('starves a track, once, that the log has left behind', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a', { minimumAge: 100, maximumAge: 100, maximumBytes: 1e9 })
    rig.plane.setLivePace(viewer.track, still)
    rig.follow(viewer, log)
    log.arriveAll(1000, 1009)
    log.now = 200
    log.arriveAll(1010, 1011)
    await rig.told('starved', viewer.track)
    rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
    await viewer.has(3)
    expect(viewer.labels).toEqual(['a1000', 'a1010', 'a1011'])
    expect(rig.events.filter((event) => event.startsWith('starved'))).toHaveLength(1)
  })

  it('starves a track, once, that is more than a second behind', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.setLivePace(viewer.track, still)
    rig.follow(viewer, log)
    const before = performance.now()
    log.arriveAll(1000, 1009)
    await rig.told('starved', viewer.track)
    expect(performance.now() - before).toBeGreaterThan(1000)
    rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
    await viewer.has(10)
    expect(rig.events.filter((event) => event.startsWith('starved'))).toHaveLength(1)
  })

  it('numbers what waited when it leaves, and each packet once', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.setLivePace(viewer.track, still)
    rig.plane.follow(viewer.track, { ...log.source, numbered: true })
    log.arriveAll(1000, 1003)
    await viewer.settled()
    viewer.nack(0)
    await viewer.has(2)
    rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
    await viewer.has(5)
    expect(
      viewer.received.map(({ label, transportSequence }) => [label, transportSequence]),
    ).toEqual([
      ['a1000', 0],
      ['a1000', 1],
      ['a1001', 2],
      ['a1002', 3],
      ['a1003', 4],
    ])
  })

  it('bounds repeats as well: what the link does not carry only makes it worse', async (rig) => {
    const viewer = await rig.viewer(withRtx)
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arriveAll(1000, 1029)
    await viewer.take(30)
    rig.plane.setLivePace(viewer.track, still)
    viewer.nack(...Array.from({ length: 30 }, (_, i) => i))
    await viewer.settled()
    // 8 KiB of packets of a kilobyte.
    expect(viewer.received.length - 30).toBe(8)
  })
})

onEveryPlane('a replay of a numbered source', (it) => {
  it('leaves behind what was sent before it, without a word of starving', async (rig) => {
    const viewer = await rig.viewer(withRtx)
    const log = rig.log('a')
    rig.plane.follow(viewer.track, { ...log.source, numbered: true })
    log.arriveAll(1000, 1004)
    await viewer.take(5)
    rig.plane.replay(
      viewer.track,
      { ...log.source, numbered: true },
      { from: 1003, pace: 1e6, burst: 1e6 },
    )
    await viewer.take(2)
    viewer.nack(0, 1, 5)
    const [repeat] = await viewer.take(1)
    expect(repeat!.label).toBe('a1003')
    await viewer.settled()
    expect(viewer.received).toHaveLength(8)
    expect(rig.events.filter((event) => event.startsWith('starved'))).toEqual([])
  })
})
