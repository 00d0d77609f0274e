import { describe, expect, it } from 'vitest'
import { ReplayCursor } from '#native/twin/replay-cursor.ts'
import { withoutRtx } from '#test/native/received.ts'
import { LogRig, TrackRig } from './track-rig.ts'

// A header of 20 bytes in front of 988 of payload, and the tag of GCM.
const datagramSize = 20 + 988 + 16

describe('the pace of a replay (DESIGN §6.6)', () => {
  it('is a burst and then bytes per ms, over any number of looks', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1999)
    rig.replay(log, 1000, { burst: 10 * datagramSize, pace: datagramSize / 2 })
    rig.pump()
    expect(rig.take()).toHaveLength(10)
    for (let i = 0; i < 50; i++) rig.pump(2)
    expect(rig.take()).toHaveLength(50)
    for (let i = 0; i < 20; i++) rig.pump(5)
    expect(rig.take()).toHaveLength(50)
  })

  it('may be overdrawn by one packet, which is paid back', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1099)
    rig.replay(log, 1000, { burst: 1, pace: datagramSize / 10 })
    rig.pump()
    expect(rig.take()).toHaveLength(1)
    rig.pump(9)
    expect(rig.take()).toHaveLength(0)
    rig.pump(2)
    expect(rig.take()).toHaveLength(1)
  })

  it('changes while the replay runs', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1999)
    rig.replay(log, 1000, { burst: 0, pace: 0 })
    rig.pump(20)
    expect(rig.take()).toHaveLength(0)
    rig.track.setPace(datagramSize)
    rig.pump(20)
    expect(rig.take()).toHaveLength(20)
  })

  it('holes cost nothing', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1001)
    log.storeAll(1500, 1501)
    rig.replay(log, 1000, { burst: 4 * datagramSize, pace: 0 })
    expect(rig.pump()).toBe('caught up')
    expect(rig.take()).toHaveLength(4)
    expect(rig.track.statistics).toEqual({
      packets: 4,
      bytes: 4 * 988,
      retransmitted: 0,
      replayed: 4,
      probed: 0,
    })
  })

  it('leads with the keyframe at a pace of its own, then goes on at the replay’s', () => {
    const lead = { bytes: 1000, pace: 100 }
    const cursor = new ReplayCursor({ from: 0, pace: 10, burst: 50, lead }, 1000)
    cursor.refill(1005)
    expect(cursor.budget).toBe(550)
    // Half of these 10 ms lead, the other half does not.
    cursor.refill(1015)
    expect(cursor.budget).toBe(1050 + 50)
    cursor.refill(1025)
    expect(cursor.budget).toBe(1200)
  })

  it('is made up for when a timer is late, but for no more than 20 ms', () => {
    const cursor = new ReplayCursor({ from: 0, pace: 10, burst: 100 }, 1000)
    cursor.refill(1015)
    expect(cursor.budget).toBe(250)
    cursor.refill(1515)
    expect(cursor.budget).toBe(450)
    cursor.refill(1515)
    expect(cursor.budget).toBe(450)
  })
})
