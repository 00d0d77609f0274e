import { describe, expect, it } from 'vitest'
import { RetransmissionBudget } from '#native/twin/retransmission-budget.ts'
import { SourceLog } from '#native/twin/source-log.ts'
import { LogRig, TrackRig, withoutRtx, withRtx } from './track-rig.ts'

describe('a repeat by RTX (RFC 4588 §4)', () => {
  it('has an SSRC, numbers and a payload type of its own, and the original number in front', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1003)
    rig.replay(log, 1000)
    rig.pump()
    const sent = rig.take()
    const original = rig.datagrams[3]!.readUInt16BE(2)
    rig.nack(3, 1)
    const repeats = rig.take()
    expect(repeats.map(({ payload: _, ...rest }) => rest)).toEqual([
      {
        ssrc: withRtx.rtxSsrc,
        out: 0,
        label: 'a1003',
        timestamp: sent[3]!.timestamp,
        marker: true,
        payloadType: 97,
        playoutDelay: undefined,
        transportSequence: undefined,
        repeated: false,
      },
      {
        ssrc: withRtx.rtxSsrc,
        out: 1,
        label: 'a1001',
        timestamp: sent[1]!.timestamp,
        marker: true,
        payloadType: 97,
        playoutDelay: undefined,
        transportSequence: undefined,
        repeated: false,
      },
    ])
    expect(repeats[0]!.payload.readUInt16BE(0)).toBe(original)
    expect(repeats[0]!.payload.subarray(2)).toEqual(sent[3]!.payload)
  })

  it('is a new packet each time', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.take()
    rig.nack(0)
    rig.nack(0)
    expect(rig.take().map(({ out, repeated }) => [out, repeated])).toEqual([
      [0, false],
      [1, false],
    ])
  })
})

describe('a repeat without RTX (DESIGN §8)', () => {
  it.each`
    when             | out
    ${'of a replay'} | ${0}
    ${'of live'}     | ${3}
  `('is the same datagram, extension and all: a packet $when', ({ out }) => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.arrive(log, 1002, 1003)
    expect(rig.nack(out)).toBe(true)
    expect(rig.datagrams).toHaveLength(5)
    expect(rig.datagrams[4]).toEqual(rig.datagrams[out])
  })

  it('is the same datagram also where the format promises numbers that cannot be repeated', () => {
    const { rtxSsrc: _, ...numbered } = withRtx
    const [rig, log] = [new TrackRig(numbered), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.nack(0, 1)
    expect(rig.datagrams[2]).toEqual(rig.datagrams[0])
    expect(rig.datagrams[3]).toEqual(rig.datagrams[1])
  })
})

describe('which packet an outgoing number names (SRTP-114)', () => {
  it('is found through restarts, jumps and new logs', () => {
    const rig = new TrackRig(withoutRtx)
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    first.storeAll(1000, 1009)
    rig.replay(first, 1000, { burst: 3500, pace: 0 })
    rig.pump()
    rig.replay(first, 1006)
    rig.pump()
    rig.replay(first, 1008)
    rig.pump()
    second.storeAll(1, 4)
    rig.replay(second, 1)
    rig.pump()
    rig.arrive(second, 5)
    const sent = rig.take()
    rig.nack(...sent.map(({ out }) => out))
    expect(rig.take().map(({ out, label, repeated }) => [out, label, repeated])).toEqual(
      sent.map(({ out, label }) => [out, label, true]),
    )
  })

  it('is not sent while it is a hole, and once it came, like any other', () => {
    const [rig, log] = [new TrackRig(withoutRtx), new LogRig('a')]
    log.storeAll(1000, 1000)
    rig.replay(log, 1000)
    rig.pump()
    rig.arrive(log, 1002)
    rig.take()
    expect(rig.nack(1)).toBe(true)
    expect(rig.take()).toEqual([])
    rig.arrive(log, 1001)
    rig.nack(1)
    expect(rig.take().map(({ label, repeated }) => [label, repeated])).toEqual([
      ['a1001', false],
      ['a1001', true],
    ])
  })
})

describe('a track is starved (DESIGN §6.9)', () => {
  it.each`
    asked                                      | out
    ${'a number from before its first packet'} | ${-1}
    ${'a number not given yet'}                | ${8}
  `('by $asked', ({ out }) => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1007)
    rig.replay(log, 1000)
    rig.pump()
    expect(rig.nack(out)).toBe(false)
  })

  it('by a packet that the log has dropped, while others are still repeated', () => {
    const log = new LogRig('a', 1, { minimumAge: 100, maximumAge: 100, maximumBytes: 1e9 })
    const rig = new TrackRig()
    rig.follow(log)
    rig.arrive(log, 1000, 1001)
    rig.now += 200
    rig.arrive(log, 1002)
    rig.take()
    expect(rig.nack(0, 2)).toBe(false)
    expect(rig.take().map(({ label }) => label)).toEqual(['a1002'])
  })

  it('by a packet of a log that is closed', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    log.packets.close()
    expect(rig.nack(0)).toBe(false)
  })

  it('by a packet 33 restarts ago, and not by one 31 ago: that is all a viewer is remembered', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    const restart = () => {
      rig.replay(log, 1000, { burst: 1, pace: 0 })
      rig.pump()
      // Between two frames, so that the next begins at once.
      rig.track.leave()
    }
    for (let i = 0; i < 32; i++) restart()
    expect(rig.nack(0)).toBe(true)
    restart()
    expect(rig.nack(0)).toBe(false)
    expect(rig.nack(1)).toBe(true)
  })
})

describe('what repeats may cost (SEC-46)', () => {
  it('is 512 KiB at once and then 500 bytes per ms', () => {
    const budget = new RetransmissionBudget()
    let bytes = 0
    while (budget.allows(1024, 10_000)) bytes += 1024
    expect(bytes).toBe(512 * 1024)
    expect(budget.allows(501, 10_001)).toBe(false)
    expect(budget.allows(500, 10_001)).toBe(true)
    expect(budget.allows(512 * 1024, 10_000_000)).toBe(true)
    expect(budget.allows(1, 10_000_000)).toBe(false)
  })

  it('ends one NACK: the rest of it is not even looked up', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    let looked = 0
    const counted = new SourceLog(1, {
      start: 1000,
      end: 1002,
      locate: (index, place) => {
        looked++
        return log.packets.locate(index, place)
      },
    })
    rig.track.replay(log.asTrackSource, counted, { from: 1000, pace: 0, burst: 10_000 })
    rig.pump()
    const repeats = Array.from({ length: 1000 }, () => 0)
    rig.nack(...repeats)
    looked = 0
    rig.nack(...repeats)
    expect(looked).toBe(1)
  })

  it('holds for the NACKs of one track, without starving it', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.take()
    for (let i = 0; i < 600; i++) expect(rig.nack(0)).toBe(true)
    expect(rig.take()).toHaveLength(524)
    expect(rig.track.statistics.retransmitted).toBe(524)
  })
})
