import { describe, expect, it } from 'vitest'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { headerOf, type LogFeed } from './log-feed.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes, type TestedPlane, twin } from './planes.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'
import type { Viewer } from './viewer.ts'

/** Sequence numbers that begin just below 2^14, and repeats at the very first. */
function script(): (bound: number) => number {
  const answers = [16_000, 0]
  return (bound) => answers.splice(0, 1)[0] ?? bound - 1
}

/** Every datagram of media that a viewer got, in order, for one and the same script of commands. */
async function datagrams(tested: TestedPlane, profile: SrtpProfile, format = withRtx) {
  const rig = await PlaneRig.open(tested, { random: script() })
  try {
    const viewer = await rig.viewer(format, { profile, seed: 77 })
    await perform(rig, viewer)
    rig.check()
    return viewer.peer.media.map(({ datagram }) => datagram.toString('hex'))
  } finally {
    await rig.close()
  }
}

async function perform(rig: PlaneRig, viewer: Viewer): Promise<void> {
  const log = rig.log('a')
  rig.follow(viewer, log)
  log.arriveAll(100, 107)
  // A hole, filled late, a packet of odd make, and one of no payload at all.
  log.arrive(110, 111, 109)
  log.put(
    112,
    Buffer.from('b2e00005000000640000beef0000000100000002bede000130aa000068690001', 'hex'),
  )
  log.put(113, Buffer.from('80e000710000006400005eed', 'hex'))
  await viewer.settled()
  viewer.nack(0, 5, 9, 12, 13, 2)
  // A replay that begins with small packets and parameter sets of ours.
  for (const index of [114, 115, 116]) log.put(index, labelled('small', headerOf(index), 100))
  log.arriveAll(117, 125)
  const prefix = [Buffer.from('sps'), Buffer.from('a longer picture parameter set')]
  rig.replay(viewer, log, 114, { prefix })
  await rig.told('caught up', viewer.track)
  log.arriveAll(126, 131)
  await viewer.settled()
  viewer.nack(14, 20, 25)
  // A jump within a replay, and live packets while it goes on.
  rig.replay(viewer, log, 117, { burst: 2500, pace: 0 })
  log.arrive(132)
  rig.replay(viewer, log, 130)
  rig.plane.setPace(viewer.track, 100_000)
  await rig.told('caught up', viewer.track, 2)
  // Past the end of what carries the release, and over the wraps of both numbers.
  log.arriveAll(133, 760)
  await viewer.settled()
  log.arrive(20_000, 40_000, 60_000, 65_535, 65_536, 65_537, 90_000, 120_000, 131_000, 131_001)
  log.arrive(65_534, 130_999)
  await viewer.settled()
  const last = viewer.media.at(-3)![0]
  viewer.nack(last, last - 1, last - 2)
  await viewer.settled()
  await performNumbered(rig, viewer, log)
}

// All of it numbered: a replay, live packets, a pace that holds some back, repeats, a probe. Of the
// same log, as what passes between two is in the timestamps.
async function performNumbered(rig: PlaneRig, viewer: Viewer, log: LogFeed): Promise<void> {
  const source = { ...log.source, numbered: true }
  log.arriveAll(131_010, 131_013)
  const replay = { from: 131_010, pace: 100_000, burst: 1_000_000 }
  rig.plane.replay(viewer.track, source, replay)
  await rig.told('caught up', viewer.track, 3)
  log.arriveAll(131_014, 131_017)
  await viewer.settled()
  rig.plane.setLivePace(viewer.track, 0.001)
  log.arriveAll(131_018, 131_021)
  log.arrive(131_024)
  await viewer.settled()
  viewer.nack(viewer.media.at(-1)![0])
  log.arrive(131_023)
  await viewer.settled()
  rig.plane.setLivePace(viewer.track, Number.POSITIVE_INFINITY)
  await until(() => viewer.labels.includes('a131024'))
  rig.plane.probe(viewer.track, { cluster: 7, pace: 100_000, bytes: 6000 })
  const probed = () => rig.plane.trackStatistics(viewer.track).probed
  await until(() => viewer.format.rtxSsrc === undefined || probed() === 6)
  await viewer.settled()
  rig.plane.silence(viewer.track)
  viewer.nack(viewer.media.at(-1)![0])
  await viewer.settled()
}

describe.each(planes)('what leaves $name', (tested) => {
  it.each`
    profile | format        | with
    ${7}    | ${withRtx}    | ${'RTX'}
    ${1}    | ${withRtx}    | ${'RTX'}
    ${7}    | ${withoutRtx} | ${'plain repeats'}
    ${1}    | ${withoutRtx} | ${'plain repeats'}
  `('is, byte for byte, what leaves the twin: profile $profile, $with', async (row) => {
    const expected = await datagrams(twin, row.profile, row.format)
    const got = await datagrams(tested, row.profile, row.format)
    expect(expected.length).toBeGreaterThan(690)
    expect(got.length).toBe(expected.length)
    const different = got.findIndex((datagram, i) => datagram !== expected[i])
    expect(different).toBe(-1)
  })
})
