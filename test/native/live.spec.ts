import { describe, expect, it as plainIt } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { headerOf, packetSize } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'

onEveryPlane('what is delivered while a track follows a log (DESIGN §7)', (it) => {
  it('leaves for every viewer, in order and numbered without a gap', async (rig) => {
    const viewers = [
      await rig.viewer(withRtx, { profile: 7 }),
      await rig.viewer(withoutRtx, { profile: 1 }),
      await rig.viewer(withRtx, { profile: 1 }),
    ]
    const log = rig.log('a')
    for (const viewer of viewers) rig.follow(viewer, log)
    log.arriveAll(100, 139)
    for (let index = 140; index < 160; index++) log.arrive(index)
    for (const viewer of viewers) {
      await viewer.has(60)
      expect(viewer.media).toEqual(Array.from({ length: 60 }, (_, i) => [i, `a${100 + i}`]))
    }
  })

  it('has the time, marker and payload of the publisher under the viewer’s names', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arriveAll(100, 101)
    const common = {
      ssrc: 0x1111,
      timestamp: 150_000,
      payloadType: 96,
      playoutDelay: undefined,
      transportSequence: undefined,
      repeated: false,
    }
    const received = await viewer.take(2)
    expect(received.map(({ payload: _, ...rest }) => rest)).toEqual([
      { ...common, out: 0, label: 'a100', marker: false },
      { ...common, out: 1, label: 'a101', marker: true },
    ])
    expect(received[0]?.payload).toHaveLength(packetSize - 12)
  })

  it('leaves out the CSRCs and extensions of the publisher, and keeps its padding', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    rig.follow(viewer, log)
    // V=2 P X CC=2, two CSRCs, an extension of one word, "hi\0", one byte of padding.
    const bytes = 'b2e00005000000640000beef0000000100000002bede000130aa000068690001'
    log.put(5, Buffer.from(bytes, 'hex'))
    const [only] = await viewer.take(1)
    expect(only).toMatchObject({ label: 'hi', marker: true, payload: Buffer.from('hi\0') })
    expect(viewer.peer.media[0]!.plain.toString('hex')).toMatch(/^a0e0.{4}0000006400001111686900/)
  })

  it('is the longest packet of an Ethernet, and the shortest there is', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.put(1, labelled('long', headerOf(1), 1472 - 16))
    log.put(2, Buffer.from('80600002000000640000beef', 'hex'))
    await viewer.has(2)
    expect(viewer.peer.media.map(({ plain }) => plain.length)).toEqual([1456, 12])
  })

  it('begins where the track began to follow: what is stored is not sent', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arriveAll(1, 9)
    rig.follow(viewer, log)
    log.arriveAll(10, 11)
    await viewer.has(2)
    await viewer.settled()
    expect(viewer.media).toEqual([
      [0, 'a10'],
      [1, 'a11'],
    ])
  })

  it('is told once, with the first packet of a track', async (rig) => {
    const viewers = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    for (const viewer of viewers) rig.follow(viewer, log)
    log.arriveAll(1, 5)
    for (const { track } of viewers) await rig.told('started', track)
    log.arriveAll(6, 9)
    for (const viewer of viewers) await viewer.settled()
    expect(rig.events.sort()).toEqual(viewers.map(({ track }) => `started ${track}`))
  })

  it('goes to each of the tracks of one peer, in the numbers of each', async (rig) => {
    const viewer = await rig.viewer(withoutRtx)
    const audio = rig.plane.addTrack(viewer.id, { ...withoutRtx, kind: 'audio', ssrc: 0x3333 })
    const [a, b] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, a)
    rig.plane.follow(audio, { log: b.id, payloadType: 111 })
    for (let i = 0; i < 3; i++) {
      a.arrive(10 + i)
      b.arrive(50 + i)
    }
    await viewer.has(6)
    const of = (ssrc: number) => viewer.received.filter((one) => one.ssrc === ssrc)
    expect(of(0x1111).map(({ label, out }) => `${label} ${out}`)).toEqual([
      'a10 0',
      'a11 1',
      'a12 2',
    ])
    expect(of(0x3333).map(({ label, out }) => `${label} ${out}`)).toEqual([
      'b50 0',
      'b51 1',
      'b52 2',
    ])
  })
})

onEveryPlane('holes (DESIGN §6.2)', (it) => {
  it('stay holes and are filled late under the same number', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arrive(100, 101, 104)
    log.arrive(106, 109)
    log.arrive(102)
    log.arrive(107, 110)
    await viewer.has(8)
    expect(viewer.media).toEqual(
      [100, 101, 104, 106, 109, 102, 107, 110].map((index) => [index - 100, `a${index}`]),
    )
  })

  it('of before the first packet are not filled', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    log.arrive(100, 101)
    rig.follow(viewer, log)
    log.arrive(104, 103, 105)
    await viewer.has(2)
    await viewer.settled()
    expect(viewer.media).toEqual([
      [0, 'a104'],
      [1, 'a105'],
    ])
  })

  it('that a packet has filled are filled: another one for its place changes nothing', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arrive(100, 102, 101)
    log.arrive(101)
    log.put(102, labelled('other', headerOf(102)))
    rig.plane.deliver(log.id, Float64Array.of(), 0)
    await viewer.has(3)
    await viewer.settled()
    expect(viewer.labels).toEqual(['a100', 'a102', 'a101'])
  })
})

onEveryPlane('outgoing numbers at their ends', (it) => {
  it('begin below 2^14, video and repeats alike (SRTP-16)', async (rig) => {
    const log = rig.log('a')
    const viewers = await Promise.all(Array.from({ length: 20 }, () => rig.viewer()))
    for (const viewer of viewers) rig.follow(viewer, log)
    log.arrive(1)
    for (const viewer of viewers) {
      await viewer.has(1)
      viewer.nack(0)
      await viewer.has(2)
    }
    const firsts = viewers.flatMap(({ peer }) => peer.media.map(({ index }) => index))
    expect(firsts).toHaveLength(40)
    expect(Math.max(...firsts)).toBeLessThan(0x4000)
    expect(new Set(firsts).size).toBeGreaterThan(30)
  })

  it('wrap at 16 bits, and are repaired across the wrap', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    const steps = [1, 20_000, 40_000, 60_000, 80_000, 80_001, 110_000, 130_000]
    log.arrive(...steps)
    await viewer.take(steps.length)
    expect(viewer.media.map(([out]) => out)).toEqual(steps.map((index) => index - 1))
    viewer.nack(109_999, 80_000)
    expect((await viewer.take(2)).map(({ label }) => label)).toEqual(['a110000', 'a80001'])
  })

  it('follow the log over the wraps of its own', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    const steps = [0xfffe, 0xffff, 0x10000, 0x10001, 0x1ffff, 0x20000]
    log.arrive(...steps)
    await viewer.has(steps.length)
    expect(viewer.media).toEqual(steps.map((index) => [index - 0xfffe, `a${index}`]))
  })
})

describe('the rig itself', () => {
  plainIt('says what it waited for in vain', async () => {
    const never = false
    await expect(until(() => never, 5)).rejects.toThrow('in vain until () => never')
  })
})
