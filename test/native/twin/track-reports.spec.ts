import { describe, expect, it } from 'vitest'
import { trackReport } from '#native/twin/track-reports.ts'
import { ntpFromWall } from '#rtp/ntp.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import { LogRig, TrackRig } from './track-rig.ts'

const wall = Date.UTC(2026, 0, 1)

describe('the sender report of a track (RFC 3550 §6.4.1, SRTP-45)', () => {
  it('is none before the log has a clock and something was sent', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    rig.follow(log)
    log.source.clock = { rtpTimestamp: 0, wall }
    expect(trackReport(rig.track, wall)).toBeUndefined()
    rig.arrive(log, 10)
    log.source.clock = undefined
    expect(trackReport(rig.track, wall)).toBeUndefined()
  })

  it('has the time of the log, the counts of the track and its CNAME', () => {
    const [rig, log] = [new TrackRig(), new LogRig('a')]
    log.source.clock = { rtpTimestamp: 1_000_000, wall }
    rig.follow(log)
    rig.arrive(log, 10, 11)
    expect(readRtcp(trackReport(rig.track, wall + 250)!)).toEqual([
      {
        kind: 'sender-report',
        ssrc: 0x1111,
        ntp: ntpFromWall(wall + 250),
        rtpTimestamp: 1_000_000 + 250 * 90,
        packetCount: 2,
        octetCount: 2 * 988,
        reports: [],
      },
      { kind: 'sdes', chunks: [{ ssrc: 0x1111, cname: 'viewer' }] },
    ])
  })

  it('speaks of the viewer’s time, which goes on over a new log, and wraps', () => {
    const rig = new TrackRig()
    const [first, second] = [new LogRig('a', 1), new LogRig('b', 2)]
    rig.follow(first)
    rig.arrive(first, 10)
    rig.now += 1000
    rig.follow(second)
    rig.arrive(second, 500)
    const sent = rig.received.at(-1)!.timestamp
    // Packet 500 has time 750,000 in its own log, and was captured at `wall`.
    second.source.clock = { rtpTimestamp: 750_000, wall }
    const [report] = readRtcp(trackReport(rig.track, wall + 100)!)
    expect(report).toMatchObject({ rtpTimestamp: sent + 9000 })
    const [earlier] = readRtcp(trackReport(rig.track, wall - 1_000_000)!)
    expect(earlier).toMatchObject({ rtpTimestamp: (sent - 90_000_000) >>> 0 })
  })
})
