import { expect } from 'vitest'
import { feedbackOn } from './feedback-on.ts'
import type { LogFeed } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { type Received, withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'

const numbers = (received: readonly Received[]) =>
  received.map(({ transportSequence }) => transportSequence)
const numbered = (log: LogFeed) => ({ ...log.source, numbered: true })

onEveryPlane('a numbered source (SRTP-61)', (it) => {
  it('numbers live packets, replays and repeats by RTX, in the order in which they leave', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.follow(viewer.track, numbered(log))
    log.arriveAll(1000, 1003)
    await viewer.has(4)
    viewer.nack(1, 3)
    await viewer.has(6)
    rig.plane.replay(viewer.track, numbered(log), { from: 1002, pace: 1, burst: 100_000 })
    await rig.told('caught up', viewer.track)
    log.arrive(1004)
    await viewer.has(9)
    viewer.nack(6)
    const all = await viewer.take(10)
    expect(numbers(all)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(all.map(({ label }) => label.slice(-1)).join('')).toBe('0123132344')
    const { rtxSsrc, ssrc } = withRtx
    const repeats = [4, 5, 9]
    expect(all.map((one) => one.ssrc)).toEqual(
      all.map((_, i) => (repeats.includes(i) ? rtxSsrc : ssrc)),
    )
    expect(all[4]!.payload.readUInt16BE(0)).toBe(viewer.numberOf(1))
    expect(all[4]!.payload.subarray(2)).toEqual(all[1]!.payload)
    expect(all[9]!.playoutDelay).toBeUndefined()
  })

  it('numbers nothing without RTX, or without the extension', async (rig) => {
    const { transportCcId: _, ...withoutNumbers } = withRtx
    const { rtxSsrc: __, ...withoutStream } = withRtx
    for (const format of [withoutRtx, withoutNumbers, withoutStream]) {
      const viewer = await rig.viewer(format)
      const log = rig.log('a')
      rig.plane.follow(viewer.track, numbered(log))
      log.arriveAll(1000, 1001)
      await viewer.has(2)
      viewer.nack(0)
      await viewer.has(3)
      expect(numbers(viewer.received)).toEqual([undefined, undefined, undefined])
      expect(rig.plane.readFeedback(viewer.id, feedbackOn(0, [1]), 0)).toBeUndefined()
    }
  })

  it('ends with the next source, whose repeats are not numbered, unlike those of the last', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    rig.plane.follow(viewer.track, numbered(first))
    first.arrive(1000)
    rig.follow(viewer, second)
    second.arrive(1000)
    await viewer.has(2)
    viewer.nack(0, 1)
    await viewer.has(4)
    expect(numbers(viewer.received)).toEqual([0, undefined, 1, undefined])
  })

  it('may be silenced, and still be repeated from', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.follow(viewer.track, numbered(log))
    log.arrive(1000)
    await viewer.has(1)
    rig.plane.silence(viewer.track)
    log.arrive(1001)
    viewer.nack(0)
    await viewer.settled()
    await viewer.has(2)
    expect(viewer.labels).toEqual(['a1000', 'a1000'])
  })
})

onEveryPlane('feedback on what was numbered (BWE-1..5)', (it) => {
  // Header with two extensions, payload and the tag of GCM; without playout delay 4 bytes less.
  const bytes = 20 + 988 + 16

  it('says what came, what did not, and how long it took', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    const before = performance.now()
    rig.plane.follow(viewer.track, numbered(log))
    log.arriveAll(1000, 1003)
    await viewer.has(4)
    const now = performance.now()
    const digest = rig.plane.readFeedback(
      viewer.id,
      feedbackOn(0, [5000, undefined, 5010, 5003]),
      now,
    )!
    expect(digest).toMatchObject({
      received: 3,
      lost: 1,
      acknowledged: 3 * bytes,
      untold: 0,
      arrivedAt: 5010,
    })
    expect(digest.roundTrip).toBeGreaterThanOrEqual(0)
    expect(digest.roundTrip).toBeLessThanOrEqual(now - before + 1)
    // Less what lay between their leaving, on a machine that does other things.
    expect(digest.queueing).toBeLessThan(10.5)
    expect(digest.queueing).toBeGreaterThan(9.5 - (now - before))
    expect(digest.probe).toBeUndefined()
    expect(digest).not.toHaveProperty('delivered')
    const again = rig.plane.readFeedback(viewer.id, feedbackOn(1, [5020]), now)
    expect(again).toMatchObject({ received: 1, lost: -1, arrivedAt: 5020 })
  })

  it('counts each viewer’s own packets, and none that never left or are long gone', async (rig) => {
    const [first, second] = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    for (const viewer of [first, second]) rig.plane.follow(viewer.track, numbered(log))
    log.arriveAll(1000, 3299)
    await Promise.all([first.has(2300), second.has(2300)])
    const read = (id: number, number: number) =>
      rig.plane.readFeedback(id, feedbackOn(number, [1]), 1)!.received
    expect([read(first.id, 2300), read(first.id, 50_000)]).toEqual([0, 0])
    expect([read(first.id, 2299), read(first.id, 2299), read(second.id, 2299)]).toEqual([1, 0, 1])
    expect([read(first.id, 200), read(first.id, 1500)]).toEqual([0, 1])
    expect(rig.plane.readFeedback(99, feedbackOn(0, [1]), 1)).toBeUndefined()
  })

  it('is refused where it breaks its rules', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.follow(viewer.track, numbered(log))
    log.arriveAll(1000, 1003)
    await viewer.has(4)
    const good = feedbackOn(0, [1, 2, 3, 4])
    const read = (packet: Buffer) => rig.plane.readFeedback(viewer.id, packet, 1)
    for (let length = 0; length < good.length; length++) {
      expect(read(good.subarray(0, length))).toBeUndefined()
      const shortened = Buffer.from(good.subarray(0, length & ~3))
      if (shortened.length >= 4) shortened.writeUInt16BE(shortened.length / 4 - 1, 2)
      expect(read(shortened)).toBeUndefined()
    }
    for (const at of [0, 1, 3, 14]) {
      const bad = Buffer.from(good)
      bad[at] = bad[at]! ^ 0x41
      expect(read(bad)).toBeUndefined()
    }
    await until(() => read(good)?.received === 4)
  })
})
