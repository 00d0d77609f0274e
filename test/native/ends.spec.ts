import { join } from 'node:path'
import { describe, expect, it as plainIt } from 'vitest'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { Child, within } from '#test/support/child.ts'
import { labelled } from '#test/support/stored-packets.ts'
import { feedbackOn } from './feedback-on.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes } from './planes.ts'
import { until } from './until.ts'

onEveryPlane('silence', (it) => {
  it('comes with the end of a track, a peer or a log, and what is gone stays counted', async (rig) => {
    const [first, second, third] = [await rig.viewer(), await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    for (const viewer of [first, second, third]) rig.follow(viewer, log)
    log.arrive(10)
    rig.plane.removeTrack(first.track)
    log.arrive(11)
    rig.plane.removePeer(second.id)
    log.arrive(12)
    await third.has(3)
    await second.has(2)
    log.close()
    log.arrive(13)
    await third.settled()
    await first.settled()
    expect([first, second, third].map(({ labels }) => labels)).toEqual([
      ['a10'],
      ['a10', 'a11'],
      ['a10', 'a11', 'a12'],
    ])
    await until(() => rig.plane.statistics.sent.packets === 6)
    expect(rig.plane.trackStatistics(first.track).packets).toBe(0)
  })

  it('of one viewer is nobody else’s', async (rig) => {
    const [first, second] = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(1, 20)
    for (const viewer of [first, second]) rig.replay(viewer, log, 1, { burst: 3000, pace: 0 })
    await second.has(3)
    rig.plane.removePeer(first.id)
    rig.plane.setPace(second.track, 100_000)
    await second.has(20)
    expect(first.received.length).toBeLessThanOrEqual(4)
  })
})

onEveryPlane('commands that come too late', (it) => {
  it('do nothing: peers, tracks and logs that are gone', async (rig) => {
    const { plane } = rig
    const [viewer, other] = [await rig.viewer(), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(1, 4)
    plane.removePeer(viewer.id)
    plane.removePeer(viewer.id)
    plane.movePeer(viewer.id, viewer.peer.path)
    plane.sendRtcp(viewer.id, writeReceiverReport(7, []))
    rig.follow(viewer, log)
    rig.replay(viewer, log, 1)
    plane.setPace(viewer.track, 1)
    plane.setLivePace(viewer.track, 1)
    plane.probe(viewer.track, { cluster: 1, pace: 1, bytes: 1000 })
    plane.silence(viewer.track)
    plane.retransmit(viewer.track, [1])
    plane.removeTrack(viewer.track)
    plane.closeLog(99)
    plane.setClock(99, { rtpTimestamp: 0, wall: 0 })
    plane.deliver(99, Float64Array.of(1), 1)
    plane.follow(other.track, { log: 99, payloadType: 96 })
    plane.replay(other.track, { log: 99, payloadType: 96 }, { from: 1, pace: 1, burst: 1 })
    await other.settled()
    expect(rig.events).toEqual([])
    expect(viewer.peer.from.size + other.received.length).toBe(0)
    expect(plane.statistics.sendErrors).toBe(0)
    expect(plane.readFeedback(viewer.id, feedbackOn(0, [0]), 0)).toBeUndefined()
  })

  it('but a track for a peer that is not there is a bug', async ({ plane }) => {
    expect(() => plane.addTrack(9, { kind: 'video', ssrc: 1, clockRate: 9, cname: '' })).toThrow(
      'no peer 9',
    )
  })

  it('do nothing once the plane is closed, which may be closed again', async (rig) => {
    const viewer = await rig.viewer()
    const log = rig.log('a')
    rig.follow(viewer, log)
    await rig.plane.close()
    await rig.plane.close()
    log.arrive(1)
    rig.plane.sendControl(hex('01'), viewer.peer.path)
    rig.plane.sendRtcp(viewer.id, writeReceiverReport(7, []))
    rig.replay(viewer, log, 1)
    viewer.peer.send(viewer.peer.protect(labelled('late')), rig.port)
    expect(rig.announced).toEqual([])
    expect(viewer.peer.from.size).toBe(0)
  })

  it('close while packets come and go, and tell nothing afterwards', async (rig) => {
    const [publisher, viewer] = [await rig.peer(), await rig.viewer()]
    const log = rig.log('a')
    log.arriveAll(0, 99)
    rig.replay(viewer, log, 0, { burst: 10_000, pace: 100 })
    for (let index = 0; index < 300; index++) {
      const packet = labelled('p', { sequenceNumber: index }, 500)
      publisher.peer.send(publisher.peer.protect(packet), rig.port)
    }
    await until(() => rig.announced.length > 10)
    const closed = rig.plane.close()
    log.arriveAll(100, 110)
    await Promise.all([closed, rig.plane.close()])
    const told = rig.announced.length
    publisher.peer.send(publisher.peer.protect(labelled('late')), rig.port)
    const stranger = await rig.stranger()
    stranger.send(hex('01'), stranger.path.remotePort)
    await until(() => stranger.control.length === 1)
    expect(rig.announced).toHaveLength(told)
  })
})

describe.each(planes)('opening the port ($name)', (plane) => {
  plainIt('fails where it is taken, and leaves nothing open', async () => {
    const rig = await PlaneRig.open(plane)
    const { port } = rig
    const taken = plane.open(rig, { addresses: ['127.0.0.2', '127.0.0.1'], port })
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const again = await plane.open(rig, { addresses: ['127.0.0.2'], port })
    expect(again.addresses).toEqual([{ address: '127.0.0.2', port }])
    await again.close()
    await rig.close()
  })

  plainIt('fails for an address that is not ours', async () => {
    const rig = new PlaneRig()
    const opened = plane.open(rig, { addresses: ['203.0.113.5'] })
    await expect(opened).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  plainIt('takes one free port for all addresses, and gives it back', async () => {
    const addresses = ['127.0.0.2', '127.0.0.3']
    const rig = await PlaneRig.open(plane, { addresses })
    expect(rig.plane.addresses).toEqual(addresses.map((address) => ({ address, port: rig.port })))
    await rig.close()
    const again = await PlaneRig.open(plane, { addresses, port: rig.port })
    expect(again.port).toBe(rig.port)
    await again.close()
  })
})

describe.each(planes)('a bug of the listener ($name)', (plane) => {
  plainIt(
    'ends the process, as any bug does',
    async () => {
      const program = join(import.meta.dirname, '../support/throwing-listener-process.ts')
      const child = new Child(process.execPath, [program, plane.name])
      await within(child.exited, 20_000, () => `the end: ${child.lastWords}`)
      expect(child.process.exitCode).toBe(1)
      expect(child.lastWords).toContain('Error: a bug of the listener')
    },
    30_000,
  )
})
