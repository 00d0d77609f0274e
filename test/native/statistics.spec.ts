import { expect } from 'vitest'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { packetSize } from './log-feed.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { until } from './until.ts'

const payload = packetSize - 12

onEveryPlane('the statistics', (it) => {
  it('count what came and what left, whoever is gone since', async (rig) => {
    const { plane } = rig
    const { id, peer } = await rig.peer()
    const [first, second] = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(1, 10)
    rig.replay(first, log, 1)
    rig.follow(second, log)
    await rig.told('caught up', first.track)
    log.arriveAll(11, 15)
    await Promise.all([first.has(15), second.has(5)])
    first.nack(0, 1, 2)
    await first.has(18)
    expect(plane.trackStatistics(first.track)).toEqual({
      packets: 15,
      bytes: 15 * payload,
      retransmitted: 3,
      replayed: 10,
      probed: 0,
    })
    plane.removePeer(first.id)
    log.arrive(16)
    await second.has(6)
    plane.removeTrack(second.track)
    plane.sendRtcp(id, writeReceiverReport(1, []))
    plane.sendControl(Buffer.from([0, 1, 2, 3]), peer.path)
    peer.send(peer.protect(labelled('x', {}, 300)), rig.port)
    peer.send(peer.protectRtcp(writeReceiverReport(1, [])), rig.port)
    peer.send(Buffer.alloc(20), rig.port)
    await until(() => peer.from.size > 0 && peer.control.length + peer.compounds.length === 2)
    await until(() => rig.compounds.length + rig.announced.length + rig.controls.length === 3)
    await until(() => plane.statistics.datagramsSent === 26)
    const { datagramsReceived, received, sent, sendErrors, sendDrops, unheard } = plane.statistics
    expect({ datagramsReceived, received, sent, sendErrors, sendDrops, unheard }).toEqual({
      datagramsReceived: 3,
      received: { packets: 1, bytes: 300 },
      sent: { packets: 21, bytes: 21 * payload, retransmitted: 3, replayed: 10, probed: 0 },
      sendErrors: 0,
      sendDrops: { late: 0, full: 0 },
      unheard: { media: 0, control: 0 },
    })
    expect(plane.trackStatistics(first.track).packets).toBe(0)
    expect(plane.trackStatistics(second.track).packets).toBe(0)
  })

  it('count a repeat without a stream of its own as a packet, too', async (rig) => {
    const { rtxSsrc: _, ...format } = (await rig.viewer()).format
    const viewer = await rig.viewer(format)
    const log = rig.log('a')
    rig.follow(viewer, log)
    log.arriveAll(1, 4)
    await viewer.has(4)
    viewer.nack(0, 1)
    await viewer.has(6)
    expect(rig.plane.trackStatistics(viewer.track)).toEqual({
      packets: 6,
      bytes: 6 * payload,
      retransmitted: 2,
      replayed: 0,
      probed: 0,
    })
  })

  it('count what cannot be sent as an error', async (rig) => {
    const { plane } = rig
    // It has a socket of the other family only.
    plane.sendControl(Buffer.alloc(20), {
      transport: 'udp',
      family: 6,
      remoteAddress: '::1',
      remotePort: 9,
      localAddress: '::1',
    })
    await until(() => plane.statistics.sendErrors === 1)
    expect(plane.statistics.datagramsSent).toBe(0)
  })
})
