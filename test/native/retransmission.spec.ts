import { expect } from 'vitest'
import { packetSize } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'

onEveryPlane('a repeat by RTX (RFC 4588 §4)', (it) => {
  it('has an SSRC, numbers and a type of its own, and the first number in front', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1003)
    rig.replay(viewer, log, 1000)
    const sent = await viewer.take(4)
    viewer.nack(3, 1)
    const repeats = await viewer.take(2)
    const common = {
      ssrc: withRtx.rtxSsrc,
      marker: true,
      payloadType: 97,
      playoutDelay: undefined,
      transportSequence: undefined,
      repeated: false,
    }
    expect(repeats.map(({ payload: _, ...rest }) => rest)).toEqual([
      { ...common, out: 0, label: 'a1003', timestamp: sent[3]!.timestamp },
      { ...common, out: 1, label: 'a1001', timestamp: sent[1]!.timestamp },
    ])
    expect(repeats[0]!.payload.readUInt16BE(0)).toBe(viewer.numberOf(3))
    expect(repeats[0]!.payload.subarray(2)).toEqual(sent[3]!.payload)
  })

  it('is a new packet each time, also within one request', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    rig.replay(viewer, log, 1000)
    await viewer.take(2)
    viewer.nack(0)
    viewer.nack(0, 0)
    const repeats = await viewer.take(3)
    expect(repeats.map(({ out, repeated }) => [out, repeated])).toEqual([
      [0, false],
      [1, false],
      [2, false],
    ])
  })

  it('comes while a replay goes on, and takes its share of the pace', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1019)
    rig.replay(viewer, log, 1000, { burst: 10 * packetSize, pace: 0 })
    await viewer.take(10)
    viewer.nack(0, 1, 2)
    await viewer.take(3)
    rig.plane.setPace(viewer.track, 100_000)
    await rig.told('caught up', viewer.track)
    await viewer.take(10)
    expect(viewer.media.map(([out]) => out)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})

onEveryPlane('a repeat without RTX (DESIGN §8)', (it) => {
  const { rtxSsrc: _, ...numbered } = withRtx
  for (const [viewerThat, format] of [
    ['has none', withoutRtx],
    ['would number without it', numbered],
  ] as const) {
    it(`is the same datagram, extension and all, for a viewer that ${viewerThat}`, async (rig) => {
      const viewer = await rig.viewer(format)
      const log = rig.log('a')
      log.arriveAll(1000, 1001)
      rig.replay(viewer, log, 1000)
      await rig.told('caught up', viewer.track)
      log.arriveAll(1002, 1003)
      await viewer.take(4)
      viewer.nack(0, 3, 1)
      await viewer.take(3)
      const datagrams = viewer.peer.media.map(({ datagram }) => datagram)
      expect(datagrams.slice(4)).toEqual([datagrams[0], datagrams[3], datagrams[1]])
    })
  }
})

onEveryPlane('which packet an outgoing number names (SRTP-114)', (it) => {
  it('is found through restarts, jumps and new logs', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [first, second] = [rig.log('a'), rig.log('b')]
    first.arriveAll(1000, 1009)
    rig.replay(viewer, first, 1000, { burst: 3500, pace: 0 })
    await viewer.has(4)
    rig.replay(viewer, first, 1006)
    rig.replay(viewer, first, 1008)
    second.arriveAll(1, 4)
    rig.replay(viewer, second, 1)
    await rig.told('caught up', viewer.track, 3)
    second.arrive(5)
    const sent = await viewer.take(15)
    viewer.nack(...sent.map(({ out }) => out))
    const again = await viewer.take(15)
    expect(again.map(({ out, label, repeated }) => [out, label, repeated])).toEqual(
      sent.map(({ out, label }) => [out, label, true]),
    )
  })

  it('is not sent while it is a hole, and once it came, like any other', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    log.arrive(1000)
    rig.replay(viewer, log, 1000)
    await rig.told('caught up', viewer.track)
    log.arrive(1002)
    await viewer.take(2)
    viewer.nack(1)
    log.arrive(1001)
    viewer.nack(1)
    const taken = await viewer.take(2)
    expect(taken.map(({ label, repeated }) => [label, repeated])).toEqual([
      ['a1001', false],
      ['a1001', true],
    ])
    expect(rig.events).not.toContain(`starved ${viewer.track}`)
  })

  it('is still known after the track fell silent', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const [a, b] = [rig.log('a'), rig.log('b')]
    a.arriveAll(1000, 1001)
    rig.replay(viewer, a, 1000)
    await viewer.take(2)
    rig.follow(viewer, b)
    viewer.nack(0)
    expect((await viewer.take(1))[0]).toMatchObject({ label: 'a1000', repeated: true })
  })
})

onEveryPlane('a track is starved (DESIGN §6.9)', (it) => {
  for (const [asked, out] of [
    ['a number from before its first packet', -1],
    ['a number not given yet', 8],
  ] as const) {
    it(`by ${asked}`, async (rig) => {
      const viewer = await rig.viewer()
      const log = rig.log('a')
      log.arriveAll(1000, 1007)
      rig.replay(viewer, log, 1000)
      await viewer.has(8)
      viewer.nack(out)
      await rig.told('starved', viewer.track)
      await viewer.settled()
      expect(viewer.received).toHaveLength(8)
    })
  }

  it('by a packet that the log has dropped, while others are still repeated', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a', { minimumAge: 100, maximumAge: 100, maximumBytes: 1e9 })
    rig.follow(viewer, log)
    log.arriveAll(1000, 1001)
    log.now = 200
    log.arrive(1002)
    await viewer.take(3)
    viewer.nack(0, 2)
    await rig.told('starved', viewer.track)
    expect((await viewer.take(1)).map(({ label }) => label)).toEqual(['a1002'])
  })

  it('by a packet of a log that is closed', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    rig.replay(viewer, log, 1000)
    await viewer.has(2)
    log.close()
    viewer.nack(0)
    await rig.told('starved', viewer.track)
  })

  it('by any number, before it has sent anything', async (rig) => {
    const viewer = await rig.viewer()
    rig.plane.retransmit(viewer.track, [7])
    await rig.told('starved', viewer.track)
  })

  it('by a packet 33 restarts ago, and not by one 31 ago: that is all it remembers', async (rig) => {
    const viewer = await rig.viewer()
    const [log, other] = [rig.log('a'), rig.log('b')]
    log.arriveAll(1000, 1001)
    const restart = async () => {
      rig.replay(viewer, log, 1000, { burst: 1, pace: 0 })
      await viewer.take(1)
      // Away from the log, so that the next one begins at once, in the middle of a frame.
      rig.follow(viewer, other)
    }
    for (let i = 0; i < 32; i++) await restart()
    viewer.nack(0)
    await viewer.take(1)
    expect(rig.events).not.toContain(`starved ${viewer.track}`)
    await restart()
    viewer.nack(0)
    await rig.told('starved', viewer.track)
    viewer.nack(1)
    await viewer.take(1)
    expect(rig.events.filter((event) => event.startsWith('starved'))).toHaveLength(1)
  })
})

onEveryPlane('what repeats may cost (SEC-46)', (it) => {
  // 512 KiB at once, then 500 bytes per ms.
  const atOnce = Math.floor((512 * 1024) / packetSize)

  it('is bounded for one track, without starving it, and is its own', async (rig) => {
    const [greedy, modest] = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    for (const viewer of [greedy, modest]) {
      rig.replay(viewer, log, 1000)
      await viewer.take(2)
    }
    const start = performance.now()
    greedy.nack(...Array.from({ length: 2000 }, () => 0))
    await greedy.settled()
    const elapsed = performance.now() - start
    modest.nack(0)
    await modest.take(1)
    const { retransmitted } = rig.plane.trackStatistics(greedy.track)
    expect(retransmitted).toBeGreaterThanOrEqual(atOnce)
    expect(retransmitted).toBeLessThanOrEqual(atOnce + 1 + elapsed / 2)
    await until(() => greedy.received.length === 2 + retransmitted)
    expect(rig.events.join()).not.toContain('starved')
  })

  it('comes back with time', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1000, 1001)
    rig.replay(viewer, log, 1000)
    await viewer.take(2)
    viewer.nack(...Array.from({ length: 2000 }, () => 0))
    await viewer.settled()
    const spent = viewer.received.length
    await until(() => {
      viewer.nack(1)
      return viewer.received.length >= spent + 3
    })
  })
})
