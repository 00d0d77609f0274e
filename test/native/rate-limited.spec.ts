import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { median } from '#test/support/median.ts'
import { VethStar, vethUnavailable } from '#test/support/veth-star.ts'
import { planes } from './planes.ts'
import { type StreamOptions, streamed } from './streamed.ts'

const without = vethUnavailable()
// Everything here happens in real time, and a machine whose cores are wanted elsewhere may keep the
// sender or a sink from running for longer than the line takes.
const options = { timeout: 60_000, retry: 2 }

// Frames that come at once for 20 viewers: those on the first arm get a quarter of a megabyte.
const stream = {
  frames: 60,
  interval: 16,
  packetsPerFrame: 12,
  packetSize: 1200,
  viewers: [16, 4],
  // Half of that. What the addon waits for is bounded in time, and the twin in datagrams.
  sendBuffer: 128 * 1024,
} satisfies Omit<StreamOptions, 'plane'>
const perViewer = stream.frames * stream.packetsPerFrame
/** Of the viewers on the first arm, with all headers down to that of Ethernet, in Mbit/s. */
const mediaRate =
  (stream.viewers[0]! * stream.packetsPerFrame * (stream.packetSize + 16 + 42) * 8) /
  (stream.interval * 1000)

let star: VethStar

beforeAll(async () => {
  if (!without) star = await VethStar.make(2)
}, options.timeout)

afterAll(async () => {
  await star?.close()
})

describe('a link with a rate', () => {
  it.for(planes)('of twice the media loses nothing: $name', options, async ({ name }, { skip }) => {
    if (without) skip(without)
    await star.limit(0, Math.round(2 * mediaRate))
    const { statistics, reports } = await streamed(star, { ...stream, plane: name })
    expect(statistics).toMatchObject({ sendErrors: 0, sendDrops: { full: 0, late: 0 } })
    for (const report of reports.flat()) {
      expect(report).toMatchObject({ packets: perViewer, missing: 0 })
    }
    // Half an interval is what the link needs for one frame of everybody.
    const delays = reports[0]!.flatMap((report) => report.delays)
    expect(Math.max(...delays)).toBeGreaterThan(stream.interval / 4)
  })

  it.for(planes)(
    'of half the media drops, counts, and holds nobody up: $name',
    options,
    async ({ name }, { skip }) => {
      if (without) skip(without)
      await star.limit(0, Math.round(mediaRate / 2))
      const { statistics, reports } = await streamed(star, { ...stream, plane: name })
      const { sendErrors, sendDrops, datagramsSent } = statistics
      const dropped = sendErrors + sendDrops.full + sendDrops.late
      expect(dropped).toBeGreaterThan(0)
      expect(datagramsSent + dropped).toBe((stream.viewers[0]! + stream.viewers[1]!) * perViewer)
      // Viewers at the other arm: a full socket is waited for for a frame interval of 30 fps at
      // most, and what came meanwhile may wait for as long again.
      const frameInterval = 33
      for (const { packets, missing, delays } of reports[1]!) {
        expect({ packets, missing }).toEqual({ packets: perViewer, missing: 0 })
        expect(median(delays)).toBeLessThan(2 * frameInterval)
      }
    },
  )
})
