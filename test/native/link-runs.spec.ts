import { expect } from 'vitest'
import { LinkChild } from './link-child.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { withoutRtx } from './received.ts'
import { until } from './until.ts'

onEveryPlane('a run to another node', (it) => {
  it('is the log byte for byte, but for its SSRC and its number less the base', async (rig) => {
    const child = new LinkChild(rig.plane, await rig.viewer(withoutRtx))
    const log = rig.log('a')
    // With an extension that no viewer would get, a CSRC and padding.
    const packet = Buffer.from(
      'b1e0fffe0000006400005eed00000009bede0001220a0b0c6d65646961000004',
      'hex',
    )
    log.put(0x1fffe, packet)
    const ssrc = child.begin(log, 0x1fffe)
    log.put(0x1ffff, packet)
    log.put(0x20000, packet)
    await until(() => child.viewer.peer.media.length === 3)
    const { media } = child.viewer.peer
    expect(media.map(({ index }) => index)).toEqual([0x7ffe, 0x7fff, 0x8000])
    for (const { plain, index } of media) {
      const expected = Buffer.from(packet)
      expected.writeUInt16BE(index, 2)
      expected.writeUInt32BE(ssrc, 8)
      expect(plain.toString('hex')).toBe(expected.toString('hex'))
    }
  })

  it('begins at holes too, and has what comes late', async (rig) => {
    const child = new LinkChild(rig.plane, await rig.viewer(withoutRtx))
    const log = rig.log('a')
    log.arrive(100, 103)
    child.begin(log, 101)
    await until(() => child.viewer.peer.media.length === 1)
    log.arrive(104, 102)
    await until(() => child.viewer.peer.media.length === 3)
    expect(child.viewer.peer.media.map(({ index }) => index)).toEqual([103, 104, 102])
  })

  it('has its packets again for the asking, as they were', async (rig) => {
    const child = new LinkChild(rig.plane, await rig.viewer(withoutRtx))
    const log = rig.log('a')
    log.arriveAll(100, 109)
    child.begin(log, 100)
    await until(() => child.viewer.peer.media.length === 10)
    child.nack(0, 3, 2)
    await until(() => child.viewer.peer.media.length === 12)
    const [first, second] = child.viewer.peer.media.slice(10)
    expect([first, second]).toMatchObject([
      { index: 106, repeated: true },
      { index: 107, repeated: true },
    ])
  })

  it('is over when it ends, and does not keep another of the same log from going on', async (rig) => {
    const child = new LinkChild(rig.plane, await rig.viewer(withoutRtx))
    const log = rig.log('a')
    log.arrive(100)
    const first = child.begin(log, 100)
    const second = child.begin(log, 100)
    await until(() => child.viewer.peer.media.length === 2)
    child.end(0)
    log.arrive(101)
    await until(() => child.viewer.peer.media.length === 3)
    await child.viewer.settled()
    const sent = child.viewer.peer.media.map(({ ssrc, index }) => [ssrc, index])
    expect(sent).toEqual([
      [first, 100],
      [second, 100],
      [second, 101],
    ])
  })
})
