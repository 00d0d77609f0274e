import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TwinPlane } from '#native/twin/twin-plane.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { hex } from '#test/support/bytes.ts'
import { labelOf } from '#test/support/stored-packets.ts'
import { format, packet, TwinNode } from './twin-node.ts'
import { UdpPeer } from './udp-peer.ts'

let node: TwinNode
let publisher: UdpPeer
let viewers: UdpPeer[]
let port: number

beforeEach(async () => {
  node = new TwinNode()
  node.plane = await TwinPlane.open(['127.0.0.1'], 0, node)
  port = node.plane.addresses[0]!.port
  node.logId = node.plane.openLog(node.log)
  publisher = await UdpPeer.open(1)
  viewers = [await UdpPeer.open(7), await UdpPeer.open(1)]
  node.plane.addPeer(1, publisher.keys, publisher.path)
  viewers.forEach((viewer, i) => {
    node.plane.addPeer(2 + i, viewer.keys, viewer.path)
  })
})

afterEach(async () => {
  for (const peer of [publisher, ...viewers]) peer.close()
  await node.plane.close()
})

async function publish(...indices: readonly number[]): Promise<void> {
  for (const index of indices) {
    publisher.send(publisher.protect(packet(index)), port)
    await node.until(() => node.heard.includes(`media ${index} of 1`))
  }
}

const labels = ({ rtp }: UdpPeer) => rtp.map(({ payload }) => labelOf(payload))

describe('media through a real port', () => {
  it('goes from one publisher to every viewer, and again to one who asks', async () => {
    const tracks = viewers.map((_, i) => node.plane.addTrack(2 + i, format(100 * (i + 1))))
    const source = { log: node.logId, payloadType: 96, rtxPayloadType: 97 }
    for (const track of tracks) node.plane.follow(track, source)
    await publish(10, 11, 12)
    for (const viewer of viewers) await viewer.until(() => viewer.rtp.length === 3)
    expect(viewers.map(labels)).toEqual([
      ['p10', 'p11', 'p12'],
      ['p10', 'p11', 'p12'],
    ])

    node.plane.retransmit(tracks[1]!, [viewers[1]!.rtp[1]!.sequenceNumber])
    await viewers[1]!.until(() => viewers[1]!.rtp.length === 4)
    const { ssrc, payloadType, payload } = viewers[1]!.rtp[3]!
    expect([ssrc, payloadType, labelOf(payload.subarray(2))]).toEqual([201, 97, 'p11'])
    expect(node.heard.filter((what) => what.startsWith('started'))).toEqual(
      tracks.map((track) => `started ${track}`),
    )
    const { received, sent, datagramsReceived, sendErrors } = node.plane.statistics
    expect({ received, sent, datagramsReceived, sendErrors }).toEqual({
      received: { packets: 3, bytes: 1500 },
      sent: { packets: 6, bytes: 6 * 488, retransmitted: 1, replayed: 0 },
      datagramsReceived: 3,
      sendErrors: 0,
    })
  })

  it('is replayed at once, and followed when the live end is reached', async () => {
    await publish(10, 11, 12)
    const track = node.plane.addTrack(2, format(100))
    const source = { log: node.logId, payloadType: 96 }
    node.plane.replay(track, source, { from: 11, pace: 1000, burst: 100_000 })
    expect(node.heard.slice(-2)).toEqual([`started ${track}`, `caught up ${track}`])
    await publish(13)
    await viewers[0]!.until(() => viewers[0]!.rtp.length === 3)
    expect(labels(viewers[0]!)).toEqual(['p11', 'p12', 'p13'])
    expect(node.plane.trackStatistics(track)).toEqual({
      packets: 3,
      bytes: 3 * 488,
      retransmitted: 0,
      replayed: 2,
    })
  })

  it('is paced by the plane’s own timer', async () => {
    await publish(10, 11, 12)
    const track = node.plane.addTrack(2, format(100))
    const source = { log: node.logId, payloadType: 96 }
    node.plane.replay(track, source, { from: 10, pace: 0, burst: 1 })
    expect(node.heard).not.toContain(`caught up ${track}`)
    node.plane.setPace(track, 1000)
    await node.until(() => node.heard.includes(`caught up ${track}`))
    await viewers[0]!.until(() => viewers[0]!.rtp.length === 3)
  })

  it('starves a track that asks for what is gone', async () => {
    const track = node.plane.addTrack(2, format(100))
    node.plane.follow(track, { log: node.logId, payloadType: 96 })
    await publish(10)
    node.plane.retransmit(track, [viewers[0]!.rtp[0]?.sequenceNumber ?? 40_000])
    node.plane.retransmit(track, [40_000])
    expect(node.heard).toContain(`starved ${track}`)
  })

  it('comes with sender reports as soon as it starts', async () => {
    node.plane.setClock(node.logId, { rtpTimestamp: 30_000, wall: Date.UTC(2026, 0, 1) })
    const track = node.plane.addTrack(2, format(100))
    node.plane.follow(track, { log: node.logId, payloadType: 96 })
    await publish(10)
    await viewers[0]!.until(() => viewers[0]!.rtcp.length === 2)
    expect(viewers[0]!.rtcp.map(({ kind }) => kind)).toEqual(['sender-report', 'sdes'])
  })

  it('falls silent with its log, its track or its peer, and what is gone stays counted', async () => {
    const [first, second] = [2, 3].map((id) => node.plane.addTrack(id, format(id * 100)))
    const source = { log: node.logId, payloadType: 96 }
    node.plane.follow(first!, source)
    node.plane.follow(second!, source)
    await publish(10)
    node.plane.removeTrack(first!)
    await publish(11)
    node.plane.removePeer(3)
    await publish(12)
    node.plane.closeLog(node.logId)
    await publish(13)
    for (const viewer of viewers) {
      node.plane.sendControl(Buffer.of(1), viewer.path)
      await viewer.until(() => viewer.control.length === 1)
    }
    expect([...viewers.map(labels)]).toEqual([['p10'], ['p10', 'p11']])
    expect(node.plane.statistics.sent.packets).toBe(3)
    expect(node.plane.trackStatistics(first!).packets).toBe(0)
  })
})

describe('what is no media of a peer is dropped and counted', () => {
  it('as what it is', async () => {
    const good = publisher.protect(packet(10))
    const bad = Buffer.from(good)
    bad[bad.length - 1]! ^= 1
    const stranger = await UdpPeer.open()
    publisher.send(bad, port)
    publisher.send(good, port)
    publisher.send(good, port)
    publisher.send(hex('8060000a0000000000000001 00112233'), port)
    publisher.send(hex('4800000000000000000000000000000000'), port)
    publisher.send(Buffer.alloc(1501, 0x80), port)
    stranger.send(good, port)
    stranger.send(hex('000000002112a442000000000000000000000000'), port)
    await node.until(() => node.heard.length === 2)
    stranger.close()
    expect(node.heard[0]).toBe('media 10 of 1')
    expect(node.heard[1]).toMatch(/^control 0{8}2112a4420{24} from \d+$/)
    expect(node.plane.statistics.dropped).toEqual({
      'unknown-range': 1,
      'unknown-peer': 1,
      'too-short': 1,
      'too-long': 1,
      authentication: 1,
      replayed: 1,
    })
  })

  it('also RTCP', async () => {
    const good = publisher.protectRtcp(writeReceiverReport(7, []))
    const bad = Buffer.from(good)
    bad[10]! ^= 1
    publisher.send(bad, port)
    publisher.send(good, port)
    publisher.send(good, port)
    publisher.send(Buffer.of(0), port)
    publisher.send(hex('000000002112a442000000000000000000000000'), port)
    await node.until(() => node.heard.length === 2)
    expect(node.heard[0]).toBe('rtcp 8 of 1')
    expect(node.plane.statistics.dropped).toMatchObject({
      'unknown-range': 1,
      authentication: 1,
      replayed: 1,
    })
  })
})

describe('a peer that moves', () => {
  it('is heard and answered on its new path, with the same contexts', async () => {
    const track = node.plane.addTrack(2, format(100))
    node.plane.follow(track, { log: node.logId, payloadType: 96 })
    await publish(10)
    const [there] = [viewers[1]!]
    node.plane.removePeer(3)
    node.plane.movePeer(2, there.path)
    node.plane.sendRtcp(2, writeReceiverReport(7, []))
    node.plane.sendControl(hex('01'), there.path)
    await there.until(() => there.control.length === 1)
    publisher.send(viewers[0]!.protectRtcp(writeReceiverReport(8, [])), port)
    there.send(viewers[0]!.protectRtcp(writeReceiverReport(8, [])), port)
    await node.until(() => node.heard.includes('rtcp 8 of 2'))
    expect(node.plane.statistics.dropped.authentication).toBe(1)
  })
})
