import { afterAll, beforeAll, describe, expect, it as plainIt } from 'vitest'
import { median } from '#test/support/median.ts'
import { VethStar, vethUnavailable } from '#test/support/veth-star.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { planes } from './planes.ts'
import { type StreamOptions, streamed } from './streamed.ts'

onEveryPlane('a viewer whose port is closed', (it) => {
  it('costs the others nothing, also while it goes', async (rig) => {
    const viewers = await Promise.all(Array.from({ length: 6 }, () => rig.viewer()))
    const log = rig.log('a')
    for (const viewer of viewers) rig.follow(viewer, log)
    const [going, ...others] = viewers
    for (let frame = 0; frame < 40; frame++) {
      log.arriveAll(10 * frame, 10 * frame + 9)
      if (frame === 10) going!.peer.close()
      await others[0]!.has(10 * (frame + 1))
    }
    const all = Array.from({ length: 400 }, (_, i) => [i, `a${i}`])
    for (const viewer of others) {
      await viewer.has(400)
      expect(viewer.media).toEqual(all)
    }
  })
})

const without = vethUnavailable()
const timeout = 60_000
const stream = {
  frames: 40,
  interval: 20,
  packetsPerFrame: 20,
  packetSize: 1200,
  viewers: [4, 1],
} satisfies Omit<StreamOptions, 'plane'>
const perViewer = stream.frames * stream.packetsPerFrame

let star: VethStar

beforeAll(async () => {
  if (without) return
  star = await VethStar.make(2)
  // Below the MTU of IPv6 and of everything that is to be expected; fragments are due.
  await star.setMtu(1, 600)
}, timeout)

afterAll(async () => {
  await star?.close()
})

describe('viewers who cannot be reached', () => {
  plainIt.for(planes)('cost the others nothing: $name', { timeout }, async ({ name }, { skip }) => {
    if (without) skip(without)
    const [{ address, hubAddress }] = [star.arms[0]!]
    const nowhere = [
      // Nobody listens at the port, the host does not exist, there is no route, and the address
      // that it leaves from is no longer ours.
      { address, port: 9, localAddress: hubAddress },
      { address: '10.78.0.99', port: 9, localAddress: hubAddress },
      { address: '203.0.113.9', port: 9, localAddress: hubAddress },
      { address, port: 9, localAddress: '10.99.0.1' },
    ]
    const { statistics, reports } = await streamed(star, { ...stream, plane: name, nowhere })
    for (const { delays, ...counts } of reports.flat()) {
      expect(counts).toMatchObject({ packets: perViewer, missing: 0 })
      expect(median(delays)).toBeLessThan(stream.interval)
    }
    const { sendErrors, sendDrops, datagramsSent } = statistics
    expect(sendDrops).toEqual({ full: 0, late: 0 })
    expect(sendErrors).toBeGreaterThanOrEqual(perViewer)
    expect(sendErrors + datagramsSent).toBe((nowhere.length + 5) * perViewer)
  })
})
