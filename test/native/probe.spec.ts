import { expect } from 'vitest'
import { labelled } from '#test/support/stored-packets.ts'
import { feedbackOn } from './feedback-on.ts'
import { headerOf, type LogFeed } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import { withoutRtx, withRtx } from './received.ts'
import { until } from './until.ts'
import type { Viewer } from './viewer.ts'

/** As a repeat leaves: header, its two bytes, payload, tag. */
const repeatSize = 20 + 2 + 988 + 16
/** As a packet leaves at the live end. */
const liveSize = 20 + 988 + 16

/** A viewer that has got ten packets of a numbered source. */
async function watching(rig: PlaneRig): Promise<{ viewer: Viewer; log: LogFeed }> {
  const viewer = await rig.viewer()
  const log = rig.log('a')
  rig.plane.follow(viewer.track, { ...log.source, numbered: true })
  log.arriveAll(1000, 1009)
  await viewer.take(10)
  return { viewer, log }
}

const probed = (rig: PlaneRig, { track }: Viewer) => rig.plane.trackStatistics(track).probed

onEveryPlane('a probe (BWE-53..65)', (it) => {
  it('repeats by RTX what was sent last, the newest first, until its bytes are out', async (rig) => {
    const { viewer } = await watching(rig)
    rig.plane.probe(viewer.track, { cluster: 3, pace: 100_000, bytes: 4 * repeatSize })
    const sent = await viewer.take(4)
    expect(sent.map(({ label }) => label)).toEqual(['a1009', 'a1008', 'a1007', 'a1006'])
    expect(sent.map(({ ssrc, out }) => [ssrc, out])).toEqual(
      [0, 1, 2, 3].map((out) => [withRtx.rtxSsrc, out]),
    )
    expect(sent.map(({ transportSequence }) => transportSequence)).toEqual([10, 11, 12, 13])
    expect(sent.map(({ payload }) => payload.readUInt16BE(0))).toEqual(
      [9, 8, 7, 6].map((out) => viewer.numberOf(out)),
    )
    await until(() => probed(rig, viewer) === 4)
    const { retransmitted, packets } = rig.plane.trackStatistics(viewer.track)
    expect({ retransmitted, packets }).toEqual({ retransmitted: 0, packets: 10 })
    expect(rig.plane.statistics.sent.probed).toBe(4)
    await viewer.settled()
    expect(viewer.received).toHaveLength(14)
  })

  it('goes on where the track has fallen silent: may it have a picture again?', async (rig) => {
    const { viewer } = await watching(rig)
    rig.plane.silence(viewer.track)
    rig.plane.probe(viewer.track, { cluster: 3, pace: 100_000, bytes: 2 * repeatSize })
    const sent = await viewer.take(2)
    expect(sent.map(({ label }) => label)).toEqual(['a1009', 'a1008'])
    await viewer.settled()
    expect(viewer.received).toHaveLength(12)
  })

  it('is told of as one, live packets that left meanwhile included', async (rig) => {
    const { viewer, log } = await watching(rig)
    const { plane } = rig
    // One packet at once, and then so slowly that what is live meets it under way.
    plane.probe(viewer.track, { cluster: 5, pace: 0.01, bytes: 4 * repeatSize })
    await viewer.take(1)
    log.arriveAll(1010, 1012)
    await viewer.take(3)
    plane.probe(viewer.track, { cluster: 6, pace: 100_000, bytes: 2 * repeatSize })
    await viewer.take(2)
    await viewer.settled()
    log.arrive(1013)
    await viewer.take(1)
    const read = (first: number, ...arrivals: readonly number[]) =>
      plane.readFeedback(viewer.id, feedbackOn(first, arrivals), performance.now())
    expect(read(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)!.probe).toBeUndefined()
    expect(read(10, 20, 30)!.probe).toMatchObject({ cluster: 5, packets: 2 })
    expect(read(12, 40, 50)!.probe).toMatchObject({
      cluster: 5,
      packets: 4,
      bytes: repeatSize + 3 * liveSize,
      lastSentBytes: liveSize,
      firstArrivedAt: 20,
      lastArrivedAt: 50,
      firstArrivedBytes: repeatSize,
    })
    const { probe } = read(14, 60, 61)!
    expect(probe).toMatchObject({ cluster: 6, packets: 2, bytes: 2 * repeatSize })
    expect(probe!.lastSentAt).toBeLessThanOrEqual(performance.now())
    expect(probe!.firstSentAt).toBeGreaterThan(performance.now() - 60_000)
    expect(read(16, 70)).toMatchObject({ received: 1 })
    expect(read(16, 70)).not.toHaveProperty('probe')
  })

  it('sends each packet once, the short ones last, and no more than there are', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    // What left from another source, or before this one was followed, is not repeated.
    rig.follow(viewer, log)
    log.arrive(996)
    rig.plane.follow(viewer.track, { ...log.source, numbered: true })
    for (const [index, size] of [
      [1000, 1000],
      [1001, 100],
      [1004, 500],
      [1005, 150],
    ] as const) {
      log.put(index, labelled(`a${index}`, headerOf(index), size))
    }
    await viewer.take(5)
    rig.plane.probe(viewer.track, { cluster: 1, pace: 100_000, bytes: 1_000_000 })
    const sent = await viewer.take(4)
    expect(sent.map(({ label }) => label)).toEqual(['a1004', 'a1000', 'a1005', 'a1001'])
    log.arrive(1006)
    expect((await viewer.take(1))[0]!.label).toBe('a1006')
    const { probe } = rig.plane.readFeedback(viewer.id, feedbackOn(4, [1, 2, 3, 4, 5]), 1)!
    expect(probe).toMatchObject({ cluster: 1, packets: 4 })
  })

  it('ends with another source, and with the track', async (rig) => {
    const { viewer, log } = await watching(rig)
    const { plane } = rig
    const probe = { cluster: 2, pace: 0.01, bytes: 1_000_000 }
    plane.probe(viewer.track, probe)
    await viewer.take(1)
    plane.follow(viewer.track, { ...log.source, numbered: true })
    log.arrive(1010)
    await viewer.take(1)
    const digest = plane.readFeedback(viewer.id, feedbackOn(11, [2]), 1)
    expect(digest).toMatchObject({ received: 1 })
    expect(digest).not.toHaveProperty('probe')
    plane.probe(viewer.track, probe)
    await viewer.take(1)
    plane.removeTrack(viewer.track)
    await viewer.settled()
  })

  it('does nothing without numbers, without RTX, and before anything was sent', async (rig) => {
    const plain = await rig.viewer(withoutRtx)
    const [unnumbered, early, silent] = [await rig.viewer(), await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    const probe = { cluster: 1, pace: 100_000, bytes: 10_000 }
    rig.plane.follow(plain.track, { ...log.source, numbered: true })
    rig.plane.follow(early.track, { ...log.source, numbered: true })
    rig.plane.probe(early.track, probe)
    rig.plane.probe(silent.track, probe)
    rig.follow(unnumbered, log)
    log.arriveAll(1000, 1003)
    for (const { track } of [plain, unnumbered]) rig.plane.probe(track, probe)
    for (const viewer of [plain, unnumbered, early, silent]) await viewer.settled()
    await Promise.all([plain.has(4), unnumbered.has(4), early.has(4)])
    expect(rig.plane.statistics.sent.probed).toBe(0)
  })

  it('goes at its pace', async (rig) => {
    const { viewer } = await watching(rig)
    const before = performance.now()
    // 50 ms a packet, the first at once.
    rig.plane.probe(viewer.track, { cluster: 1, pace: repeatSize / 50, bytes: 3 * repeatSize })
    await viewer.take(3)
    expect(performance.now() - before).toBeGreaterThan(95)
  })
})
