import { describe, expect, it } from 'vitest'
import { headerTemplate } from '#native/twin/header-template.ts'
import { readPlayoutDelay } from '#rtp/header-extensions.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { LogRig, TrackRig, withoutRtx, withRtx } from './track-rig.ts'

const now = { min: 0, max: 0 }
const release = { min: 0, max: 4000 }

describe('the playout delay that a viewer is told (DESIGN §6.4)', () => {
  it('is none before a replay, zero in it, free for 600 packets, then none again', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1019)
    rig.replay(log, 1000)
    rig.pump()
    expect(rig.take().map(({ playoutDelay }) => playoutDelay)).toEqual(Array(20).fill(now))
    for (let index = 1020; index < 1630; index++) rig.arrive(log, index)
    const live = rig.take().map(({ playoutDelay }) => playoutDelay)
    expect(live.slice(0, 600)).toEqual(Array(600).fill(release))
    expect(live.slice(600)).toEqual(Array(10).fill(undefined))
  })

  it('is zero again in the next replay, and free again after it', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.arrive(log, 1002)
    rig.replay(log, 1000)
    rig.pump()
    rig.arrive(log, 1003)
    expect(rig.received.map(({ playoutDelay }) => playoutDelay)).toEqual([
      now,
      now,
      release,
      now,
      now,
      now,
      release,
    ])
  })

  it('is zero over a jump', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1009)
    rig.replay(log, 1000, { burst: 1500, pace: 0 })
    rig.pump()
    rig.replay(log, 1006)
    rig.pump()
    expect(rig.received.map(({ playoutDelay }) => playoutDelay)).toEqual(Array(6).fill(now))
  })

  it('is left out for a viewer that did not offer the extension', () => {
    const { playoutDelayId: _, ...format } = withoutRtx
    const [rig, log] = [new TrackRig(format), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    expect(rig.datagrams.map((datagram) => datagram[0]! & 0x10)).toEqual([0, 0])
  })
})

describe('transport-wide numbers (SRTP-61, DESIGN §8)', () => {
  it('count the packets of replays only', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1002)
    rig.replay(log, 1000)
    rig.pump()
    rig.arrive(log, 1003)
    rig.replay(log, 1002)
    rig.pump()
    expect(rig.received.map(({ transportSequence }) => transportSequence)).toEqual([
      0,
      1,
      2,
      undefined,
      3,
      4,
    ])
  })

  it('are one count for all tracks of a peer, and wrap', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    for (let number = 0; number < 0xffff; number++) rig.peer.transport.next(0, 1)
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    expect(rig.received.map(({ transportSequence }) => transportSequence)).toEqual([0xffff, 0])
  })

  it('are not on repeats', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1001)
    rig.replay(log, 1000)
    rig.pump()
    rig.take()
    rig.nack(0)
    expect(rig.take()).toMatchObject([{ ssrc: withRtx.rtxSsrc, transportSequence: undefined }])
    expect(rig.peer.transport.next(0, 1)).toBe(2)
  })
})

describe('parameter sets before a bare keyframe (DESIGN §5)', () => {
  const sets = [Buffer.from('sps\0'), Buffer.from('pps\0')]

  it('are packets of their own, of the keyframe, and numbered with it', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1003)
    rig.replay(log, 1000, { prefix: sets })
    rig.pump()
    expect(rig.media).toEqual([
      [0, 'sps'],
      [1, 'pps'],
      [2, 'a1000'],
      [3, 'a1001'],
      [4, 'a1002'],
      [5, 'a1003'],
    ])
    const frame = rig.received.slice(0, 4)
    expect(new Set(frame.map(({ timestamp }) => timestamp)).size).toBe(1)
    expect(frame.map(({ marker }) => marker)).toEqual([false, false, false, true])
    expect(frame.map(({ playoutDelay }) => playoutDelay)).toEqual([now, now, now, now])
    expect(frame.map(({ payloadType }) => payloadType)).toEqual([96, 96, 96, 96])
  })

  it('can be asked for again', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1003)
    rig.replay(log, 1000, { prefix: sets })
    rig.pump()
    rig.take()
    expect(rig.nack(0, 1, 2)).toBe(true)
    expect(rig.take().map(({ label }) => label)).toEqual(['sps', 'pps', 'a1000'])
  })

  it('come before a keyframe of another log at its time', () => {
    const rig = new TrackRig()
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    first.storeAll(1000, 1001)
    rig.replay(first, 1000)
    rig.pump()
    rig.now += 1000
    second.storeAll(5000, 5001)
    rig.replay(second, 5000, { prefix: sets })
    rig.pump()
    const times = rig.received.map(({ timestamp }) => timestamp - rig.received[0]!.timestamp)
    expect(times).toEqual([0, 0, 90_000, 90_000, 90_000, 90_000])
  })

  it('wait with their keyframe for the end of the frame being sent', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.storeAll(1000, 1005)
    rig.replay(log, 1000, { burst: 1, pace: 0 })
    rig.pump()
    rig.replay(log, 1004, { prefix: sets })
    rig.track.setPace(1000)
    rig.pump(20)
    rig.pump()
    const labels = rig.media.map(([, label]) => label)
    expect(labels).toEqual(['a1000', 'a1001', 'sps', 'pps', 'a1004', 'a1005'])
  })
})

describe('the header of a segment (RFC 3550 §5.1, RFC 8285 §4.2)', () => {
  const read = (template: Buffer) => RtpPacket.parse(Buffer.concat([template, Buffer.from('x')]))!

  it.each`
    what                    | format                                          | delay        | numbered | size
    ${'nothing'}            | ${withoutRtx}                                   | ${undefined} | ${false} | ${12}
    ${'no extension known'} | ${{ ...withoutRtx, playoutDelayId: undefined }} | ${'now'}     | ${true}  | ${12}
    ${'a delay'}            | ${withoutRtx}                                   | ${'now'}     | ${true}  | ${20}
    ${'a number'}           | ${withRtx}                                      | ${undefined} | ${true}  | ${20}
    ${'both'}               | ${withRtx}                                      | ${'release'} | ${true}  | ${24}
  `('has $size bytes with $what', ({ format, delay, numbered, size }) => {
    const { bytes } = headerTemplate(format, 96, delay, numbered)
    expect(bytes.length).toBe(size)
    expect(read(bytes)).toMatchObject({ ssrc: 0x1111, payloadType: 96, payloadStart: size })
  })

  it('says where the number goes, whatever the delay', () => {
    for (const delay of ['now', 'release', undefined] as const) {
      const { bytes, transportCcAt } = headerTemplate(withRtx, 96, delay, true)
      bytes.writeUInt16BE(0xabcd, transportCcAt!)
      const packet = read(bytes)
      expect(packet.extension(3)?.toString('hex')).toBe('abcd')
      const element = packet.extension(5)
      expect(element && readPlayoutDelay(element, 0, 3)).toEqual(delay && { now, release }[delay])
    }
  })
})
