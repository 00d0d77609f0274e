import { expect } from 'vitest'
import { headerOf } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withoutRtx } from './received.ts'
import { until } from './until.ts'

const ticksPerMs = 90
const timeAt = (index: number) => headerOf(index).timestamp

onEveryPlane('a new log (an epoch or a layer, SRTP-102, SRTP-109)', (it) => {
  it('goes on with numbers, and with time by what has passed', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    const start = performance.now()
    first.arriveAll(100, 101)
    rig.replay(viewer, first, 100)
    await viewer.has(2)
    second.arriveAll(60_000, 60_001)
    rig.replay(viewer, second, 60_000)
    await viewer.has(4)
    const elapsed = performance.now() - start
    first.arrive(102)
    await viewer.settled()
    expect(viewer.media.slice(2)).toEqual([
      [2, 'b60000'],
      [3, 'b60001'],
    ])
    const ticks = viewer.received[2]!.timestamp - viewer.received[1]!.timestamp
    expect(ticks).toBeGreaterThanOrEqual(ticksPerMs)
    expect(ticks).toBeLessThanOrEqual(Math.ceil(elapsed * ticksPerMs))
    expect(viewer.received[3]!.timestamp).toBe(viewer.received[2]!.timestamp)
  })

  it('goes on at least one ms later, and with time that wraps at 32 bits', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [first, second, third] = [rig.log('a'), rig.log('b'), rig.log('c')]
    const start = performance.now()
    // Times just below 2^32, far below, and in between.
    const last = 2 * Math.floor(2 ** 32 / 3000) - 2
    first.arriveAll(last, last + 1)
    second.arriveAll(100, 101)
    third.arriveAll(1_000_000, 1_000_001)
    rig.replay(viewer, first, last)
    rig.replay(viewer, second, 100)
    rig.replay(viewer, third, 1_000_000)
    await viewer.has(6)
    const elapsed = performance.now() - start
    const times = viewer.received.map(({ timestamp }) => timestamp)
    expect(times[1]).toBeGreaterThan(2 ** 32 - 10_000)
    for (const at of [2, 4]) {
      const ticks = (times[at]! - times[at - 1]!) >>> 0
      expect(ticks).toBeGreaterThanOrEqual(ticksPerMs)
      expect(ticks).toBeLessThanOrEqual(Math.ceil((elapsed + 1) * ticksPerMs))
    }
  })

  it('keeps the time of capture where it is another encoding of the same (SRTP-107)', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    second.arriveAll(60_000, 60_013)
    rig.replay(viewer, first, 100)
    const [before] = await viewer.take(2)
    // 60012 was captured when 100 was, and is what comes 200 ms later.
    const ticks = timeAt(60_012) - timeAt(100)
    const replay = { from: 60_000, pace: 1e6, burst: 1e6 }
    const { plane } = rig
    plane.replay(viewer.track, second.source, { ...replay, alignment: { log: first.id, ticks } })
    const after = await viewer.take(14)
    // What is older comes right before, in the same order.
    const times = after.map(({ timestamp }) => timestamp - before!.timestamp)
    expect(times.toSorted((a, b) => a - b)).toEqual(times)
    expect(times[0]).toBe(ticksPerMs)
    expect(times[13]!).toBeLessThan(3000 * 7)
    second.arriveAll(60_014, 60_100)
    const later = await viewer.take(87)
    const live = later.at(-1)!.timestamp - before!.timestamp
    expect(live).toBe(timeAt(60_100) - timeAt(60_012))
  })

  it('squeezes what a replay of another log catches up with into the time that it takes', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    // Two seconds of frames, two packets each.
    second.arriveAll(60_000, 60_119)
    rig.replay(viewer, first, 100)
    const [, before] = await viewer.take(2)
    const start = performance.now()
    const replay = { from: 60_000, pace: 1e6, burst: 1e6, catchUp: 500 }
    rig.plane.replay(viewer.track, second.source, replay)
    const after = await viewer.take(120)
    const elapsed = performance.now() - start
    const times = after.map(({ timestamp }) => timestamp - before!.timestamp)
    expect(times[0]).toBeGreaterThanOrEqual(ticksPerMs)
    expect(times[0]).toBeLessThan((elapsed + 100) * ticksPerMs)
    // 2 s of 2.5 are over when the newest leaves: four fifths of the half second.
    const squeezed = times.at(-1)! - times[0]!
    expect(squeezed).toBeGreaterThan(350 * ticksPerMs)
    expect(squeezed).toBeLessThan(450 * ticksPerMs)
    const steps = times.slice(1).map((time, i) => time - times[i]!)
    expect(Math.min(...steps)).toBe(0)
    expect(Math.max(...steps)).toBeLessThan(3000 / 4)
  })

  it('goes on by what has passed where clocks are too far apart to tell the same time', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    second.arriveAll(60_000, 60_001)
    rig.replay(viewer, first, 100)
    const [, before] = await viewer.take(2)
    // Three hours behind.
    const ticks = timeAt(60_000) - timeAt(100) + 3 * 3600 * 90_000
    const replay = { from: 60_000, pace: 1e6, burst: 1e6, alignment: { log: first.id, ticks } }
    rig.plane.replay(viewer.track, second.source, replay)
    const [after] = await viewer.take(2)
    second.arriveAll(60_002, 60_003)
    const [next] = await viewer.take(2)
    expect(after!.timestamp - before!.timestamp).toBeGreaterThanOrEqual(ticksPerMs)
    expect(after!.timestamp - before!.timestamp).toBeLessThan(5000 * ticksPerMs)
    expect(next!.timestamp - after!.timestamp).toBe(3000)
  })

  it('repeats a packet at the time it had, squeezed or not', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    second.arriveAll(60_000, 60_059)
    rig.replay(viewer, first, 100)
    await viewer.take(2)
    const replay = { from: 60_000, pace: 1e6, burst: 1e6, catchUp: 200 }
    rig.plane.replay(viewer.track, second.source, replay)
    const after = await viewer.take(60)
    viewer.nack(22, 61)
    const repeats = await viewer.take(2)
    expect(repeats.map(({ timestamp }) => timestamp)).toEqual([
      after[20]!.timestamp,
      after[59]!.timestamp,
    ])
  })

  it('gives no two frames in a row the same time, or a browser takes them for one', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    second.arriveAll(60_000, 60_003)
    rig.replay(viewer, first, 100)
    const [before] = await viewer.take(2)
    const ticks = timeAt(60_000) - timeAt(100)
    const replay = { from: 60_000, pace: 1e6, burst: 1e6 }
    const { plane } = rig
    plane.replay(viewer.track, second.source, { ...replay, alignment: { log: first.id, ticks } })
    const after = await viewer.take(4)
    const ahead = after.map(({ timestamp }) => timestamp - before!.timestamp)
    expect(ahead).toEqual([3000, 3000, 3176, 3176])
    // With the newest of both at one time, too.
    first.arriveAll(102, 103)
    plane.replay(viewer.track, first.source, { ...replay, from: 102 })
    const [again] = await viewer.take(2)
    expect(again!.timestamp - after[3]!.timestamp).toBeGreaterThanOrEqual(ticksPerMs)
  })

  it('goes on as ever where what is named was not sent before', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second, other] = [rig.log('a'), rig.log('b'), rig.log('c')]
    first.arriveAll(100, 101)
    second.arriveAll(60_000, 60_001)
    rig.replay(viewer, first, 100)
    const [, before] = await viewer.take(2)
    const replay = { from: 60_000, pace: 1e6, burst: 1e6, alignment: { log: other.id, ticks: 5 } }
    rig.plane.replay(viewer.track, second.source, replay)
    const [after] = await viewer.take(2)
    expect(after!.timestamp - before!.timestamp).toBeGreaterThanOrEqual(ticksPerMs)
  })

  it('keeps its own time when it is replayed again', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(100, 101)
    second.arriveAll(500, 503)
    rig.replay(viewer, first, 100)
    await viewer.take(2)
    rig.replay(viewer, second, 500)
    const once = await viewer.take(4)
    rig.replay(viewer, second, 500)
    const again = await viewer.take(4)
    expect(again.map(({ timestamp }) => timestamp)).toEqual(once.map(({ timestamp }) => timestamp))
  })

  it('is followed from the next packet delivered', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [first, second] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, first)
    first.arriveAll(10, 11)
    second.arrive(499)
    rig.follow(viewer, second)
    second.arriveAll(500, 501)
    first.arrive(12)
    await viewer.has(4)
    await viewer.settled()
    expect(viewer.media).toEqual([
      [0, 'a10'],
      [1, 'a11'],
      [2, 'b500'],
      [3, 'b501'],
    ])
  })

  it('may be the same one after a pause: what came meanwhile is no hole', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [log, other] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, log)
    log.arriveAll(10, 11)
    rig.follow(viewer, other)
    log.arriveAll(12, 13)
    rig.follow(viewer, log)
    log.arriveAll(14, 15)
    await viewer.has(4)
    expect(viewer.media).toEqual([
      [0, 'a10'],
      [1, 'a11'],
      [2, 'a14'],
      [3, 'a15'],
    ])
  })

  it('brings payload types of its own', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, first)
    first.arrive(1)
    rig.plane.follow(viewer.track, { log: second.id, payloadType: 100, rtxPayloadType: 101 })
    second.arrive(1)
    await viewer.take(2)
    viewer.nack(0, 1)
    await viewer.take(2)
    expect(viewer.received.map(({ payloadType }) => payloadType)).toEqual([96, 100, 97, 101])
  })

  it('is silent once closed, and the next one is as any other', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [first, second] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, first)
    first.arriveAll(10, 11)
    first.close()
    first.arrive(12)
    rig.follow(viewer, second)
    second.arriveAll(500, 501)
    await viewer.has(4)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a10', 'a11', 'b500', 'b501'])
    const { retransmitted, replayed, packets } = rig.plane.statistics.sent
    await until(() => rig.plane.statistics.sent.packets === 4)
    expect([retransmitted, replayed]).toEqual([0, 0])
    expect(packets).toBeLessThanOrEqual(4)
  })
})
