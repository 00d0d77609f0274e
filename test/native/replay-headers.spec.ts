import { expect } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { headerOf, type LogFeed } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import { type Received, withoutRtx, withRtx } from './received.ts'
import type { Viewer } from './viewer.ts'

const now = { min: 0, max: 0 }
const release = { min: 0, max: 4000 }
const delays = (received: readonly Received[]) => received.map(({ playoutDelay }) => playoutDelay)

onEveryPlane('the playout delay that a viewer is told (DESIGN §6.4)', (it) => {
  it('is zero in a replay, free for 600 packets, then none again', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1019)
    rig.replay(viewer, log, 1000)
    await rig.told('caught up', viewer.track)
    expect(delays(await viewer.take(20))).toEqual(Array(20).fill(now))
    log.arriveAll(1020, 1629)
    const live = delays(await viewer.take(610))
    expect(live.slice(0, 600)).toEqual(Array(600).fill(release))
    expect(live.slice(600)).toEqual(Array(10).fill(undefined))
  })

  it('is zero again in the next replay, and free again after it', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    for (const times of [1, 2]) {
      rig.replay(viewer, log, 1000)
      await rig.told('caught up', viewer.track, times)
      log.arrive(1001 + times)
    }
    await viewer.has(7)
    expect(delays(viewer.received)).toEqual([now, now, release, now, now, now, release])
  })

  it('is zero over a jump', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1009)
    rig.replay(viewer, log, 1000, { burst: 1500, pace: 0 })
    rig.replay(viewer, log, 1006)
    await viewer.has(6)
    expect(delays(viewer.received)).toEqual(Array(6).fill(now))
  })

  it('is that of its segment in what is filled late', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arrive(1000, 1002)
    rig.replay(viewer, log, 1000)
    await rig.told('caught up', viewer.track)
    log.arrive(1003)
    log.arrive(1001)
    await viewer.has(4)
    expect(viewer.received.map(({ label, playoutDelay }) => [label, playoutDelay])).toEqual([
      ['a1000', now],
      ['a1002', now],
      ['a1003', release],
      ['a1001', now],
    ])
  })

  it('is left out for a viewer that did not offer the extension, and in what it follows', async (rig) => {
    const { playoutDelayId: _, ...format } = withoutRtx
    const [without, following] = [await rig.viewer(format), await rig.viewer(withRtx)]
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    rig.follow(following, log)
    rig.replay(without, log, 1000)
    log.arrive(1002)
    await Promise.all([without.has(3), following.has(1)])
    const datagrams = [...without.peer.media, ...following.peer.media]
    expect(datagrams.map(({ datagram }) => datagram[0]! & 0x10)).toEqual([0, 0, 0, 0])
  })
})

onEveryPlane('transport-wide numbers (SRTP-61, DESIGN §8)', (it) => {
  it('count the packets of replays, and of no other source than a numbered one, over all tracks of a peer', async (rig) => {
    const viewer = await rig.viewer()
    const second = rig.plane.addTrack(viewer.id, { ...withRtx, ssrc: 0x3333, rtxSsrc: 0x4444 })
    const log = rig.log('a')
    log.arriveAll(1000, 1002)
    rig.replay(viewer, log, 1000)
    await rig.told('caught up', viewer.track)
    log.arrive(1003)
    rig.plane.replay(second, log.source, { from: 1002, pace: 1, burst: 10_000 })
    await rig.told('caught up', second)
    rig.replay(viewer, log, 1002)
    await viewer.has(8)
    expect(viewer.received.map(({ transportSequence }) => transportSequence)).toEqual([
      0,
      1,
      2,
      undefined,
      3,
      4,
      5,
      6,
    ])
  })

  it('are not on repeats, and not where repeats have no stream of their own', async (rig) => {
    const { rtxSsrc: _, ...withoutStream } = withRtx
    const viewers = [await rig.viewer(), await rig.viewer(withoutStream), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    rig.replay(viewers[0]!, log, 1000)
    rig.replay(viewers[1]!, log, 1000)
    const source = { log: log.id, payloadType: 96 }
    rig.plane.replay(viewers[2]!.track, source, { from: 1000, pace: 1, burst: 10_000 })
    for (const viewer of viewers) {
      await viewer.has(2)
      viewer.nack(0)
      await viewer.has(3)
    }
    expect(
      viewers.map(({ received }) => received.map(({ transportSequence }) => transportSequence)),
    ).toEqual([
      [0, 1, undefined],
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
    ])
  })
})

onEveryPlane('parameter sets before a bare keyframe (DESIGN §5)', (it) => {
  const sets = [Buffer.from('sps\0'), Buffer.from('pps\0')]

  it('are packets of their own, of the keyframe, and numbered with it', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1003)
    rig.replay(viewer, log, 1000, { prefix: sets })
    await viewer.has(6)
    expect(viewer.media).toEqual([
      [0, 'sps'],
      [1, 'pps'],
      [2, 'a1000'],
      [3, 'a1001'],
      [4, 'a1002'],
      [5, 'a1003'],
    ])
    const frame = viewer.received.slice(0, 4)
    expect(new Set(frame.map(({ timestamp }) => timestamp))).toEqual(new Set([frame[2]!.timestamp]))
    expect(frame.map(({ marker }) => marker)).toEqual([false, false, false, true])
    expect(delays(frame)).toEqual(Array(4).fill(now))
    expect(frame.map(({ transportSequence }) => transportSequence)).toEqual([0, 1, 2, 3])
  })

  it('are repeated like any other packet', async (rig) => {
    const [apart, same] = [await rig.viewer(), await rig.viewer(withoutRtx)]
    const log = rig.log('a')
    log.arriveAll(1000, 1003)
    for (const viewer of [apart, same]) {
      rig.replay(viewer, log, 1000, { prefix: sets })
      await viewer.take(6)
      viewer.nack(1, 0, 2)
      const repeats = await viewer.take(3)
      expect(repeats.map(({ label }) => label)).toEqual(['pps', 'sps', 'a1000'])
    }
    expect(same.received.slice(6).map(({ repeated }) => repeated)).toEqual([true, true, true])
  })

  it('are those of the keyframe that is jumped to', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1005)
    rig.replay(viewer, log, 1000, { burst: 1, pace: 0 })
    rig.replay(viewer, log, 1004, { prefix: sets })
    rig.plane.setPace(viewer.track, 1000)
    await viewer.has(6)
    const labels = viewer.media.map(([, label]) => label)
    expect(labels).toEqual(['a1000', 'a1001', 'sps', 'pps', 'a1004', 'a1005'])
  })
})

onEveryPlane('the small packets that a keyframe begins with', (it) => {
  /** A log that begins with `small` packets of 100 bytes and goes on with large ones. */
  function logWith(rig: PlaneRig, small: number): LogFeed {
    const log = rig.log('a')
    for (let index = 1000; index < 1000 + small; index++) {
      log.put(index, labelled(`a${index}`, headerOf(index), 100))
    }
    log.arriveAll(1000 + small, 1019)
    return log
  }
  const order = ({ received }: Viewer) =>
    received.map(({ ssrc, label }) => `${ssrc === withRtx.rtxSsrc ? 'again ' : ''}${label}`)

  it('go twice before its first large one, the second time as repeats', async (rig) => {
    const viewer = await rig.viewer()
    rig.replay(viewer, logWith(rig, 3), 1000)
    await viewer.has(23)
    const again = ['again a1000', 'again a1001', 'again a1002']
    expect(order(viewer).slice(0, 7)).toEqual(['a1000', 'a1001', 'a1002', ...again, 'a1003'])
  })

  it('are the same bytes twice for a viewer without RTX', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    rig.replay(viewer, logWith(rig, 1), 1000)
    await viewer.has(21)
    const [first, second] = viewer.peer.media
    expect(second).toMatchObject({ repeated: true, index: first!.index })
  })

  it('are eight at most, and none where a keyframe begins with a slice', async (rig) => {
    const [many, none] = [await rig.viewer(), await rig.viewer()]
    rig.replay(many, logWith(rig, 12), 1000)
    rig.replay(none, logWith(rig, 0), 1000)
    await Promise.all([many.has(28), none.has(20)])
    await none.settled()
    expect(order(many).filter((label) => label.startsWith('again'))).toHaveLength(8)
    expect(none.received).toHaveLength(20)
  })
})
