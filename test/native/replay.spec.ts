import { expect } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { datagramSize, named, numbered, range } from './labels.ts'
import { headerOf } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withoutRtx } from './received.ts'
import { until } from './until.ts'

onEveryPlane('a replay (DESIGN §6.1, §6.7)', (it) => {
  it('is the log from the keyframe on, then what is delivered, without a gap', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 119)
    rig.replay(viewer, log, 104)
    await rig.told('caught up', viewer.track)
    log.arriveAll(120, 121)
    await viewer.has(18)
    expect(viewer.media).toEqual(numbered(named('a', 104, 121)))
    expect(rig.events).toEqual([`started ${viewer.track}`, `caught up ${viewer.track}`])
    expect(rig.plane.trackStatistics(viewer.track)).toMatchObject({ packets: 18, replayed: 16 })
  })

  it('sends nothing twice when a packet is delivered behind its place', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 119)
    rig.replay(viewer, log, 100, { burst: 1, pace: 0 })
    log.arrive(120)
    await viewer.has(1)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a100'])
    rig.plane.setPace(viewer.track, 100_000)
    await viewer.has(21)
    await rig.told('caught up', viewer.track)
    log.arrive(121)
    await viewer.has(22)
    expect(viewer.labels).toEqual(named('a', 100, 121))
  })

  it('starts over at a keyframe with new numbers (DESIGN §6.9)', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 105)
    rig.replay(viewer, log, 100)
    rig.replay(viewer, log, 100)
    await rig.told('caught up', viewer.track, 2)
    await viewer.has(12)
    const twice = [...named('a', 100, 105), ...named('a', 100, 105)]
    expect(viewer.media).toEqual(numbered(twice))
  })

  it('jumps to a keyframe when the frame being sent is finished', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 119)
    rig.replay(viewer, log, 100, { burst: 2 * datagramSize + 500, pace: 0 })
    await viewer.has(3)
    rig.replay(viewer, log, 112)
    rig.plane.setPace(viewer.track, 100_000)
    await rig.told('caught up', viewer.track)
    await viewer.has(12)
    const jumped = [...named('a', 100, 103), ...named('a', 112, 119)]
    expect(viewer.media).toEqual(numbered(jumped))
  })

  it('jumps at once between two frames', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 119)
    rig.replay(viewer, log, 100, { burst: datagramSize + 500, pace: 0 })
    await viewer.has(2)
    rig.replay(viewer, log, 112)
    await viewer.has(10)
    expect(viewer.media).toEqual(numbered(['a100', 'a101', ...named('a', 112, 119)]))
  })

  it('jumps at once when the log no longer holds the rest of the frame', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a', { minimumAge: 10, maximumAge: 10, maximumBytes: 1e9 })
    log.arriveAll(100, 109)
    rig.replay(viewer, log, 100, { burst: 500, pace: 0 })
    await viewer.has(1)
    log.now = 100
    log.arriveAll(110, 113)
    rig.replay(viewer, log, 112)
    await rig.told('caught up', viewer.track)
    await viewer.has(3)
    expect(viewer.media).toEqual(numbered(['a100', 'a112', 'a113']))
  })

  it('jumps at once when the log lets go of the rest while a jump waits for it', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a', { minimumAge: 10, maximumAge: 1000, maximumBytes: 1e9 })
    log.arriveAll(100, 112)
    rig.replay(viewer, log, 100, { burst: 500, pace: 0 })
    await viewer.has(1)
    rig.replay(viewer, log, 112)
    log.packets.markKeyframe(112)
    log.now = 100
    log.arrive(113)
    rig.plane.setPace(viewer.track, 100_000)
    await rig.told('caught up', viewer.track)
    await viewer.has(3)
    expect(viewer.media).toEqual(numbered(['a100', 'a112', 'a113']))
  })

  it('does not jump when no frame ends before the live end', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    for (const index of range(100, 103)) {
      log.put(index, labelled(`a${index}`, { ...headerOf(index), marker: false }, 1000))
    }
    rig.replay(viewer, log, 100, { burst: 1, pace: 0 })
    await viewer.has(1)
    rig.replay(viewer, log, 102)
    rig.plane.setPace(viewer.track, 100_000)
    await rig.told('caught up', viewer.track)
    log.arriveAll(104, 106)
    await viewer.has(7)
    expect(viewer.labels).toEqual(named('a', 100, 106))
  })

  it('goes on where the log begins when it has been overtaken', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a', { minimumAge: 10, maximumAge: 10, maximumBytes: 1e9 })
    log.arriveAll(100, 109)
    rig.replay(viewer, log, 100, { burst: datagramSize + 500, pace: 0 })
    await viewer.has(2)
    log.now = 100
    log.arriveAll(110, 113)
    rig.plane.setPace(viewer.track, 100_000)
    await viewer.has(6)
    expect(viewer.media).toEqual([100, 101, 110, 111, 112, 113].map((i) => [i - 100, `a${i}`]))
  })

  it('ends at once with its log, and with a source of another kind', async (rig) => {
    const [first, second] = [await rig.viewer(), await rig.viewer()]
    const [a, b] = [rig.log('a'), rig.log('b')]
    a.arriveAll(100, 109)
    for (const viewer of [first, second]) {
      rig.replay(viewer, a, 100, { burst: datagramSize + 500, pace: 0 })
    }
    await Promise.all([first.has(2), second.has(2)])
    rig.follow(second, b)
    a.close()
    for (const { track } of [first, second]) rig.plane.setPace(track, 100_000)
    b.arriveAll(7, 8)
    await second.has(4)
    await first.settled()
    expect(first.labels).toEqual(['a100', 'a101'])
    expect(second.labels).toEqual(['a100', 'a101', 'b7', 'b8'])
  })
})

onEveryPlane('holes behind and before a replay’s place (DESIGN §6.2)', (it) => {
  it('are filled at once, or in their turn', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arrive(100, 101, 103, 104, 105, 107, 108, 109)
    rig.replay(viewer, log, 100, { burst: 3 * datagramSize + 500, pace: 0 })
    await viewer.has(4)
    log.arrive(102, 106)
    await viewer.has(5)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a100', 'a101', 'a103', 'a104', 'a102'])
    rig.plane.setPace(viewer.track, 100_000)
    await viewer.has(10)
    expect(viewer.labels.slice(5)).toEqual(named('a', 105, 109))
  })

  it('of before a jump are not filled: their numbers mean something else now', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(100, 103)
    log.arriveAll(105, 119)
    rig.replay(viewer, log, 100, { burst: 6 * datagramSize + 500, pace: 0 })
    await viewer.has(7)
    rig.replay(viewer, log, 110, { burst: 1, pace: 0 })
    await viewer.has(8)
    log.arrive(104)
    await viewer.settled()
    expect(viewer.labels).not.toContain('a104')
  })
})

onEveryPlane('the pace of a replay (DESIGN §6.6)', (it) => {
  it('is a burst, then what is set', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arriveAll(1000, 1199)
    rig.replay(viewer, log, 1000, { burst: 10 * datagramSize, pace: 0 })
    await viewer.has(10)
    await viewer.settled()
    expect(viewer.received).toHaveLength(10)
    expect(rig.events).not.toContain(`caught up ${viewer.track}`)
    rig.plane.setPace(viewer.track, 1000)
    await rig.told('caught up', viewer.track)
    await viewer.has(200)
    expect(viewer.labels).toEqual(named('a', 1000, 1199))
  })

  it('leads with the keyframe at a pace of its own', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arriveAll(1000, 1099)
    const lead = { bytes: 30 * datagramSize, pace: 10_000 }
    rig.replay(viewer, log, 1000, { burst: 5 * datagramSize, pace: 0, lead })
    await viewer.has(35)
    await viewer.settled()
    // The last packet may overdraw what is left of the budget, whose parts are no whole numbers.
    expect(viewer.received.length - 35).toBeOneOf([0, 1])
  })

  it('is never faster than it says', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arriveAll(1000, 1099)
    const [pace, start] = [200, performance.now()]
    rig.replay(viewer, log, 1000, { burst: 1, pace })
    await rig.told('caught up', viewer.track)
    const elapsed = performance.now() - start
    // The first packet is the burst’s, and the last may be overdrawn.
    expect(elapsed).toBeGreaterThan((98 * datagramSize) / pace - 1)
  })

  it('holes cost nothing', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arrive(1000, 1001, 1500, 1501)
    rig.replay(viewer, log, 1000, { burst: 4 * datagramSize, pace: 0 })
    await rig.told('caught up', viewer.track)
    await until(() => rig.plane.trackStatistics(viewer.track).packets === 4)
    expect(rig.plane.trackStatistics(viewer.track)).toEqual({
      packets: 4,
      bytes: 4 * 988,
      retransmitted: 0,
      replayed: 4,
      probed: 0,
    })
  })
})
