import { describe, expect, it } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { header, LogRig, TrackRig, withoutRtx, withRtx } from './track-rig.ts'

const labels = (rig: TrackRig) => rig.media.map(([, label]) => label)
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)
const named = (name: string, from: number, to: number) => range(from, to).map((i) => `${name}${i}`)

describe('what a track sends (DESIGN §6.1, §6.7)', () => {
  it('is the log from the keyframe on, then what is delivered, numbered without a gap', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 119)
    rig.replay(log, 104)
    expect(rig.pump()).toBe(true)
    rig.arrive(log, 120, 121)
    expect(rig.media).toEqual(named('a', 104, 121).map((label, out) => [out, label]))
  })

  it('is nothing twice when a packet is stored behind the cursor', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 119)
    rig.replay(log, 100, { burst: 1, pace: 0 })
    rig.pump()
    rig.arrive(log, 120)
    expect(labels(rig)).toEqual(['a100'])
    rig.track.setPace(100_000)
    rig.pump(20)
    expect(labels(rig)).toEqual(named('a', 100, 120))
  })

  it('starts over at a keyframe with new numbers (DESIGN §6.9)', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 105)
    rig.replay(log, 100)
    rig.pump()
    rig.replay(log, 100)
    rig.pump()
    const twice = [...named('a', 100, 105), ...named('a', 100, 105)]
    expect(rig.media).toEqual(twice.map((label, out) => [out, label]))
  })

  it('jumps to a keyframe when the frame being sent is finished', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 119)
    rig.replay(log, 100, { burst: 2500, pace: 0 })
    rig.pump()
    expect(labels(rig)).toEqual(named('a', 100, 102))
    rig.replay(log, 112)
    rig.track.setPace(100_000)
    rig.pump(20)
    rig.pump()
    const jumped = [...named('a', 100, 103), ...named('a', 112, 119)]
    expect(rig.media).toEqual(jumped.map((label, out) => [out, label]))
  })

  it('jumps at once between two frames', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 119)
    rig.replay(log, 100, { burst: 1500, pace: 0 })
    rig.pump()
    rig.replay(log, 112)
    rig.pump()
    expect(labels(rig)).toEqual(['a100', 'a101', ...named('a', 112, 119)])
  })

  it('jumps at once when the log no longer holds the rest of the frame', () => {
    const log = new LogRig('a', 1, { minimumAge: 10, maximumAge: 10, maximumBytes: 1e9 })
    const rig = new TrackRig()
    log.storeAll(100, 109, 0)
    rig.replay(log, 100, { burst: 500, pace: 0 })
    rig.pump()
    log.storeAll(110, 113, 100)
    rig.replay(log, 112)
    rig.track.setPace(100_000)
    rig.pump(20)
    rig.pump()
    expect(rig.media).toEqual(['a100', 'a112', 'a113'].map((label, out) => [out, label]))
  })

  it('jumps at once when the log lets go of the rest while a jump waits for it', () => {
    const log = new LogRig('a', 1, { minimumAge: 10, maximumAge: 1000, maximumBytes: 1e9 })
    const rig = new TrackRig()
    log.storeAll(100, 112, 0)
    rig.replay(log, 100, { burst: 500, pace: 0 })
    rig.pump()
    rig.replay(log, 112)
    log.packets.markKeyframe(112)
    log.store(113, 100)
    rig.track.setPace(100_000)
    rig.pump(20)
    rig.pump()
    expect(rig.media).toEqual(['a100', 'a112', 'a113'].map((label, out) => [out, label]))
  })

  it('does not jump when no frame ends before the live end', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    for (const index of [100, 101, 102, 103]) {
      log.store(index, 0, labelled(`a${index}`, { ...header(index), marker: false }, 1000))
    }
    rig.replay(log, 100, { burst: 1, pace: 0 })
    rig.pump()
    rig.replay(log, 102)
    rig.track.setPace(100_000)
    expect(rig.pump(20)).toBe(true)
    rig.arrive(log, 104, 105, 106)
    expect(labels(rig)).toEqual(named('a', 100, 106))
  })

  it('goes on where the log begins when the cursor has been overtaken', () => {
    const log = new LogRig('a', 1, { minimumAge: 10, maximumAge: 10, maximumBytes: 1e9 })
    const rig = new TrackRig()
    log.storeAll(100, 109, 0)
    rig.replay(log, 100, { burst: 1500, pace: 0 })
    rig.pump()
    log.storeAll(110, 113, 100)
    rig.track.setPace(100_000)
    rig.pump(20)
    expect(rig.media).toEqual([
      [0, 'a100'],
      [1, 'a101'],
      [10, 'a110'],
      [11, 'a111'],
      [12, 'a112'],
      [13, 'a113'],
    ])
  })

  it('falls silent when it leaves', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 109)
    rig.replay(log, 100, { burst: 1500, pace: 0 })
    rig.pump()
    rig.track.leave()
    expect(rig.pump(1000)).toBe(false)
    rig.arrive(log, 110)
    expect(log.source.members.size).toBe(0)
    expect(labels(rig)).toEqual(['a100', 'a101'])
  })
})

describe('holes (DESIGN §6.2)', () => {
  it('stay holes and are filled late under the same number', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 101)
    log.storeAll(104, 105)
    rig.replay(log, 100)
    rig.pump()
    rig.arrive(log, 106, 109, 102, 107)
    expect(rig.media).toEqual([
      [0, 'a100'],
      [1, 'a101'],
      [4, 'a104'],
      [5, 'a105'],
      [6, 'a106'],
      [9, 'a109'],
      [2, 'a102'],
      [7, 'a107'],
    ])
  })

  it('behind the cursor are filled at once, before it by the cursor', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 101)
    log.storeAll(103, 105)
    log.storeAll(107, 109)
    rig.replay(log, 100, { burst: 3500, pace: 0 })
    rig.pump()
    rig.arrive(log, 102, 106)
    expect(labels(rig)).toEqual(['a100', 'a101', 'a103', 'a104', 'a102'])
    rig.track.setPace(100_000)
    rig.pump(20)
    expect(labels(rig).slice(5)).toEqual(named('a', 105, 109))
  })

  it('of before a jump are not filled: their numbers mean something else now', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 103)
    log.storeAll(105, 119)
    rig.replay(log, 100, { burst: 6500, pace: 0 })
    rig.pump()
    rig.replay(log, 110, { burst: 1, pace: 0 })
    rig.pump()
    rig.arrive(log, 104)
    expect(labels(rig)).not.toContain('a104')
  })

  it('of before the first packet are not filled', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(100, 101)
    rig.follow(log)
    rig.arrive(log, 104, 103, 105)
    expect(rig.media).toEqual([
      [0, 'a104'],
      [1, 'a105'],
    ])
  })
})

describe('outgoing numbers at their ends', () => {
  it('begin below 2^15 (SRTP-16)', () => {
    for (let i = 0; i < 50; i++) {
      const [rig, log] = [new TrackRig(), new LogRig('a')]
      rig.follow(log)
      rig.arrive(log, 1)
      expect(rig.datagrams[0]!.readUInt16BE(2)).toBeLessThan(0x8000)
    }
  })

  it('wrap at 16 bits, and are repaired across the wrap', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    rig.follow(log)
    const steps = [1, 20_000, 40_000, 60_000, 80_000, 80_001]
    rig.arrive(log, ...steps)
    expect(rig.media.map(([out]) => out)).toEqual(steps.map((index) => index - 1))
    rig.take()
    expect(rig.nack(59_999, 80_000)).toBe(true)
    expect(rig.take().map(({ label }) => label)).toEqual(['a60000', 'a80001'])
  })
})

describe('what the viewer has of a packet', () => {
  it('is its time, marker and payload under its own names', () => {
    const [rig, log] = [new TrackRig(withRtx), new LogRig('a')]
    rig.follow(log)
    rig.arrive(log, 100, 101)
    expect(rig.received.map(({ payload: _, ...rest }) => rest)).toEqual([
      {
        ssrc: 0x1111,
        out: 0,
        label: 'a100',
        timestamp: 150_000,
        marker: false,
        payloadType: 96,
        playoutDelay: undefined,
        transportSequence: undefined,
        repeated: false,
      },
      {
        ssrc: 0x1111,
        out: 1,
        label: 'a101',
        timestamp: 150_000,
        marker: true,
        payloadType: 96,
        playoutDelay: undefined,
        transportSequence: undefined,
        repeated: false,
      },
    ])
  })

  it('leaves out the CSRCs and extensions of the publisher, and keeps its padding', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    // V=2 P X CC=2, two CSRCs, an extension of one word, "hi\0", one byte of padding.
    const bytes = Buffer.from(
      'b2e00005000000640000beef0000000100000002bede000130aa0000686900'.concat('01'),
      'hex',
    )
    log.store(5, 0, bytes)
    rig.follow(log)
    rig.track.deliver(5)
    const { label, marker, payload } = rig.received[0]!
    expect({ label, marker, payload: payload.toString('hex') }).toEqual({
      label: 'hi',
      marker: true,
      payload: '686900',
    })
  })
})
