import { expect } from 'vitest'
import { wallFromNtp } from '#rtp/ntp.ts'
import type { SenderReport } from '#rtp/rtcp/reports.ts'
import { packetSize } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { until } from './until.ts'
import type { Viewer } from './viewer.ts'

const wall = Date.UTC(2026, 0, 1)
const ticksPerMs = 90

/** Waits for the sender reports of a viewer, in all. */
async function reports(viewer: Viewer, count: number): Promise<SenderReport[]> {
  const found = () =>
    viewer.peer.compounds.flatMap(([first]) => (first?.kind === 'sender-report' ? [first] : []))
  await until(() => found().length >= count)
  return found()
}

onEveryPlane('the sender report of a track (RFC 3550 §6.4.1, SRTP-44, SRTP-45)', (it) => {
  it('comes with the first packet and then every second, with the CNAME', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.plane.setClock(log.id, { rtpTimestamp: 1_000_000, wall })
    rig.follow(viewer, log)
    const before = Date.now()
    log.arrive(10)
    await viewer.has(1)
    log.arrive(11)
    const [first, second] = await reports(viewer, 2)
    expect(viewer.peer.compounds.map((compound) => compound.slice(1))).toEqual(
      viewer.peer.compounds.map(() => [
        { kind: 'sdes', chunks: [{ ssrc: 0x1111, cname: 'viewer' }] },
      ]),
    )
    expect(first).toMatchObject({ ssrc: 0x1111, reports: [], packetCount: 1, octetCount: payload })
    expect(second).toMatchObject({ packetCount: 2, octetCount: 2 * payload })
    const [one, two] = [wallOf(first!), wallOf(second!)]
    expect(one).toBeGreaterThanOrEqual(before - 1)
    expect(two - one).toBeGreaterThanOrEqual(999)
    expect(two).toBeLessThanOrEqual(Date.now() + 1)
  })

  it('says the same time twice: that of the log, and that of the wall', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    const clock = { rtpTimestamp: 0xffff_0000, wall: Date.now() - 5000 }
    rig.plane.setClock(log.id, clock)
    log.arriveAll(10, 11)
    rig.replay(viewer, log, 10)
    const [report] = await reports(viewer, 1)
    const expected = clock.rtpTimestamp + (wallOf(report!) - clock.wall) * ticksPerMs
    expect(apart(report!.rtpTimestamp, expected)).toBeLessThanOrEqual(ticksPerMs)
  })

  it('speaks of the viewer’s time, which goes on over a new log', async (rig) => {
    const viewer = await rig.viewer()
    const [first, second] = [rig.log('a'), rig.log('b')]
    rig.follow(viewer, first)
    first.arrive(10)
    rig.follow(viewer, second)
    second.arrive(500)
    await viewer.has(2)
    // Packet 500 has time 750,000 in its own log, and was captured just now.
    const clock = { rtpTimestamp: 750_000, wall: Date.now() }
    rig.plane.setClock(second.id, clock)
    const [report] = await reports(viewer, 1)
    const sent = viewer.received[1]!.timestamp
    const expected = sent + (wallOf(report!) - clock.wall) * ticksPerMs
    expect(apart(report!.rtpTimestamp, expected)).toBeLessThanOrEqual(ticksPerMs)
  })

  it('is none before the log has a clock and something was sent', async (rig) => {
    const [silent, clockless, last] = [await rig.viewer(), await rig.viewer(), await rig.viewer()]
    const [a, b, c] = [rig.log('a'), rig.log('b'), rig.log('c')]
    rig.follow(silent, a)
    rig.follow(clockless, b)
    rig.follow(last, c)
    for (const log of [a, c]) rig.plane.setClock(log.id, { rtpTimestamp: 0, wall })
    b.arrive(1)
    c.arrive(1)
    await reports(last, 2)
    await clockless.has(1)
    expect([...silent.peer.compounds, ...clockless.peer.compounds]).toEqual([])
  })

  it('is for each track of a peer, and none for a track that is gone', async (rig) => {
    const viewer = await rig.viewer()
    const audio = rig.plane.addTrack(viewer.id, {
      kind: 'audio',
      ssrc: 0x3333,
      clockRate: 48_000,
      cname: 'viewer',
    })
    const [a, b] = [rig.log('a'), rig.log('b')]
    for (const log of [a, b]) rig.plane.setClock(log.id, { rtpTimestamp: 0, wall })
    rig.follow(viewer, a)
    rig.plane.follow(audio, { log: b.id, payloadType: 111 })
    b.arrive(1)
    expect((await reports(viewer, 1))[0]!.ssrc).toBe(0x3333)
    a.arrive(1)
    expect((await reports(viewer, 2))[1]!.ssrc).toBe(0x1111)
    rig.plane.removeTrack(audio)
    // Its next one would have been due first.
    expect((await reports(viewer, 3))[2]!.ssrc).toBe(0x1111)
  })
})

const payload = packetSize - 12
const wallOf = ({ ntp }: SenderReport) => wallFromNtp(ntp)
/** Ticks between two RTP times, whichever is later. */
const apart = (a: number, b: number) => Math.abs((a - Math.round(b)) | 0)
