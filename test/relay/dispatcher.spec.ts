import { describe, expect, it } from 'vitest'
import { Dispatcher } from '#relay/dispatcher.ts'
import { writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeSenderReport } from '#rtp/rtcp/reports.ts'
import { readDump } from '#test/support/rtpdump.ts'
import { SimulatedClock } from '#test/support/simulated-time.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'
import { PublicationRig, recordedFormat } from './publication-rig.ts'
import { LayerRig, ViewerRig, vp8View } from './viewer-rig.ts'

describe('what the plane announces', () => {
  it('of a publisher comes to its publication, until that is removed', () => {
    const { publication, plane } = new PublicationRig(recordedFormat('chromium-156-vp8', 96))
    const dispatcher = new Dispatcher(new SimulatedClock())
    const first = [...readDump('chromium-156-vp8')].find(({ packet }) => packet[1] === 96)!
    const { slab, offset, length } = new SlabWriter().write(first.packet)
    const batch = {
      count: 1,
      slab,
      offsets: Uint32Array.of(offset),
      lengths: Uint16Array.of(length),
      arrivedAt: Float64Array.of(0),
    }
    const report = { ntp: 0n, rtpTimestamp: 5, packetCount: 0, octetCount: 0, reports: [] }
    dispatcher.media(7, batch)
    dispatcher.addPublication(publication)
    dispatcher.media(8, batch)
    expect(publication.layers.video?.log.bytes).toBe(0)
    dispatcher.media(7, batch)
    expect(publication.layers.video?.log.bytes).toBe(length)
    dispatcher.rtcp(7, writeSenderReport({ ssrc: publication.layers.video!.ssrc!, ...report }))
    expect(plane.clocks.get(publication.layers.video!.logId)?.rtpTimestamp).toBe(5)
    dispatcher.removePublication(publication)
    dispatcher.media(7, batch)
    dispatcher.rtcp(7, Buffer.alloc(0))
  })

  it('of a viewer and its tracks comes to the viewer, until that is removed', () => {
    const clock = new SimulatedClock(100)
    const dispatcher = new Dispatcher(clock)
    const rig = new ViewerRig()
    const up = new LayerRig(rig.plane)
    up.receive('keyframe', 0)
    rig.watch(up, 0)
    rig.take()
    dispatcher.addViewer(rig.viewer)
    dispatcher.started(rig.videoTrack)
    dispatcher.caughtUp(rig.videoTrack)
    expect(rig.phases).toEqual([
      ['first-packet', 100],
      ['live', 100],
    ])
    clock.time = 2000
    dispatcher.starved(rig.videoTrack)
    clock.time = 4000
    dispatcher.rtcp(9, writePli(1, vp8View.video!.ssrc))
    expect(rig.take()).toHaveLength(2)
    dispatcher.removeViewer(rig.viewer)
    clock.time = 8000
    dispatcher.starved(rig.videoTrack)
    dispatcher.rtcp(9, writePli(1, vp8View.video!.ssrc))
    dispatcher.started(rig.audioTrack)
    dispatcher.caughtUp(rig.audioTrack)
    dispatcher.congested(99, false)
    expect(rig.take()).toEqual([])
  })

  it('before there are peers is nobody’s', () => {
    const dispatcher = new Dispatcher(new SimulatedClock())
    const path = {
      transport: 'udp',
      family: 4,
      remoteAddress: '192.0.2.1',
      remotePort: 1,
      localAddress: '',
    } as const
    expect(() => dispatcher.control(Buffer.alloc(20), path)).not.toThrow()
  })
})
