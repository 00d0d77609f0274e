import { describe, expect, it } from 'vitest'
import { LogRig, TrackRig, withoutRtx } from './track-rig.ts'

describe('a new log (an epoch or a layer, SRTP-102, SRTP-109)', () => {
  it('goes on with numbers, and with time by what has passed', () => {
    const rig = new TrackRig()
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    first.storeAll(100, 101)
    rig.replay(first, 100)
    rig.pump()
    const before = rig.received.at(-1)!.timestamp
    rig.now += 500
    second.storeAll(60_000, 60_001)
    rig.replay(second, 60_000)
    rig.pump()
    rig.arrive(first, 102)
    expect(rig.media.slice(2)).toEqual([
      [2, 'b60000'],
      [3, 'b60001'],
    ])
    expect(rig.received[2]!.timestamp - before).toBe(500 * 90)
  })

  it('keeps its own time when it is replayed again', () => {
    const rig = new TrackRig()
    const log = new LogRig('a')
    log.storeAll(100, 103)
    rig.replay(log, 100)
    rig.pump()
    const first = rig.take()
    rig.now += 5000
    rig.replay(log, 100)
    rig.pump()
    expect(rig.take().map(({ timestamp }) => timestamp)).toEqual(
      first.map(({ timestamp }) => timestamp),
    )
  })

  it('wraps time at 32 bits', () => {
    const rig = new TrackRig()
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    first.storeAll(0x1_0000, 0x1_0001)
    rig.replay(first, 0x1_0000)
    rig.pump()
    rig.now += 2 ** 32 / 90
    second.storeAll(100, 101)
    rig.follow(second)
    rig.arrive(second, 102)
    const { timestamp } = rig.received.at(-1)!
    expect(Math.abs(timestamp - rig.received[0]!.timestamp)).toBeLessThan(200)
  })

  it('is followed from the next packet delivered', () => {
    const rig = new TrackRig(withoutRtx)
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    rig.follow(first)
    rig.arrive(first, 10, 11)
    rig.follow(second)
    second.storeAll(499, 499)
    rig.arrive(second, 500, 501)
    rig.arrive(first, 12)
    expect(rig.media).toEqual([
      [0, 'a10'],
      [1, 'a11'],
      [2, 'b500'],
      [3, 'b501'],
    ])
  })

  it('may be the same one after a pause: what came meanwhile is no hole', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    rig.follow(log)
    rig.arrive(log, 10, 11)
    rig.track.leave()
    rig.arrive(log, 12, 13)
    rig.follow(log)
    rig.arrive(log, 14, 15)
    expect(rig.media).toEqual([
      [0, 'a10'],
      [1, 'a11'],
      [2, 'a14'],
      [3, 'a15'],
    ])
  })
})
