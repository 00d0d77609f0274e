import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { format, TwinNode } from './twin-node.ts'
import { UdpPeer } from './udp-peer.ts'

let node: TwinNode
let viewer: UdpPeer
let port: number

beforeEach(async () => {
  node = new TwinNode()
  node.plane = await TwinPlane.open(['127.0.0.1'], 0, node)
  port = node.plane.addresses[0]!.port
  node.logId = node.plane.openLog(node.log)
  viewer = await UdpPeer.open()
  node.plane.addPeer(2, viewer.keys, viewer.path)
})

afterEach(async () => {
  viewer.close()
  await node.plane.close()
})

describe('commands that come too late', () => {
  it('do nothing: peers, tracks and logs that are gone', () => {
    const track = node.plane.addTrack(2, format(100))
    node.plane.removePeer(2)
    node.plane.removePeer(2)
    node.plane.movePeer(2, viewer.path)
    node.plane.sendRtcp(2, writeReceiverReport(7, []))
    node.plane.follow(track, { log: node.logId, payloadType: 96 })
    node.plane.replay(track, { log: node.logId, payloadType: 96 }, { from: 1, pace: 1, burst: 1 })
    node.plane.setPace(track, 1)
    node.plane.retransmit(track, [1])
    node.plane.removeTrack(track)
    node.plane.closeLog(99)
    node.plane.setClock(99, { rtpTimestamp: 0, wall: 0 })
    node.plane.deliver(99, Float64Array.of(1), 1)
    expect(node.heard).toEqual([])
    expect(node.plane.statistics.sendErrors).toBe(0)
  })

  it('but a track for a peer that is not there is a bug', () => {
    expect(() => node.plane.addTrack(9, format(1))).toThrow('no peer 9')
  })

  it('do nothing once the plane is closed, which may be closed again', async () => {
    const track = node.plane.addTrack(2, format(100))
    node.plane.follow(track, { log: node.logId, payloadType: 96 })
    await node.plane.close()
    await node.plane.close()
    node.plane.sendControl(hex('01'), viewer.path)
    node.plane.sendRtcp(2, writeReceiverReport(7, []))
    expect(node.plane.statistics.sendErrors).toBe(2)
  })
})

describe('opening the port', () => {
  it('fails where it is taken, and leaves nothing open', async () => {
    await expect(TwinPlane.open(['127.0.0.2', '127.0.0.1'], port, node)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    const again = await TwinPlane.open(['127.0.0.2'], port, node)
    expect(again.addresses).toEqual([{ address: '127.0.0.2', port }])
    await again.close()
  })

  it('takes one free port for all addresses', async () => {
    const plane = await TwinPlane.open(['127.0.0.2', '127.0.0.3'], 0, node)
    const [first, second] = plane.addresses
    expect([first?.address, second?.address]).toEqual(['127.0.0.2', '127.0.0.3'])
    expect(first?.port).toBe(second?.port)
    expect(plane.kernelBuffer).toBeGreaterThan(0)
    await plane.close()
  })
})
