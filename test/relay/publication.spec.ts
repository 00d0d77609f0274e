import { describe, expect, it } from 'vitest'
import { ntpFromWall } from '#rtp/ntp.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { writeSenderReport } from '#rtp/rtcp/reports.ts'
import { wrapRtx } from '#rtp/rtx.ts'
import { hex } from '#test/support/bytes.ts'
import { obs, PublicationRig, recordedFormat } from './publication-rig.ts'

const chromium = recordedFormat('chromium-156-vp8', 96)
const video = 0x2222
const rtx = 0x3333

const media = (sequenceNumber: number, payload = hex('9080011101'), marker = true) =>
  buildRtp(
    { ssrc: video, payloadType: 96, sequenceNumber, timestamp: sequenceNumber * 3000, marker },
    payload,
  )
/** VP8, the sizes as in SRTP-124. */
const keyframePayload = hex('908001100200 9d012a 8002 e001')

function repairOf(packet: Buffer, sequenceNumber: number): Buffer {
  const view = RtpPacket.parse(packet)!
  const into = Buffer.alloc(packet.length + 2)
  wrapRtx(view, { ssrc: rtx, payloadType: 97, sequenceNumber }, into, 0)
  return into
}

describe('what a publication keeps', () => {
  it('is every packet once, delivered in the order of arrival', () => {
    const rig = new PublicationRig(chromium)
    rig.receive(media(65_534), media(0), media(65_535), media(0), media(1))
    const layer = rig.publication.layers.video!
    const [first] = rig.delivered(layer)
    expect(rig.delivered(layer).map((index) => index - first!)).toEqual([0, 2, 1, 3])
    expect(layer.log.end - layer.log.start).toBe(4)
  })

  it('is what a repair brings, as if it had come by itself', () => {
    const rig = new PublicationRig(chromium)
    rig.receive(media(10), media(12), repairOf(media(11), 500))
    const layer = rig.publication.layers.video!
    const [first] = rig.delivered(layer)
    const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
    layer.log.locate(first! + 1, place)
    expect(place.bytes.subarray(place.offset, place.offset + place.length)).toEqual(media(11))
  })

  it.each`
    what                                      | packet
    ${'a repair of what came anyway (IO-66)'} | ${repairOf(media(10), 1)}
    ${'a probe of padding (IO-66)'}           | ${hex('a0610001000000000000333300000004')}
    ${'a repair without a payload'}           | ${hex('80610001000000000000333300')}
    ${'a payload type of nothing'}            | ${buildRtp({ ssrc: 1, payloadType: 77, sequenceNumber: 1, timestamp: 1 }, Buffer.of(1))}
    ${'no RTP'}                               | ${hex('0102')}
    ${'an extension longer than the packet'}  | ${hex('9060000100000000000022220000ffff')}
  `('is not $what', ({ packet }) => {
    const rig = new PublicationRig(chromium)
    rig.receive(media(10), packet)
    expect(rig.publication.layers.all.map((layer) => rig.delivered(layer).length)).toEqual([0, 1])
  })

  it('is not a repair of media that has not come yet', () => {
    const rig = new PublicationRig(chromium)
    rig.receive(repairOf(media(10), 1))
    expect(rig.delivered(rig.publication.layers.video!)).toEqual([])
    rig.receive(media(11), repairOf(media(10), 2))
    expect(rig.delivered(rig.publication.layers.video!)).toHaveLength(2)
  })

  it('is given back when it closes', () => {
    const rig = new PublicationRig(chromium)
    rig.receive(media(10), media(11))
    rig.publication.close()
    expect(rig.publication.layers.all.map(({ log }) => log.bytes)).toEqual([0, 0])
    expect(rig.plane.logs.size).toBe(0)
  })
})

describe('a keyframe', () => {
  it('is told of when it is in the plane, once', () => {
    const rig = new PublicationRig(chromium)
    rig.receive(media(10), media(11, keyframePayload, false))
    const layer = rig.publication.layers.video!
    expect(rig.keyframes).toEqual([{ layer, index: rig.delivered(layer)[1] }])
    expect(layer.inspector?.facts).toMatchObject({ width: 640, height: 480 })
  })

  it('is told of, of whatever layer; the largest is the one to show by itself', () => {
    const rig = new PublicationRig(recordedFormat('chromium-156-vp8-simulcast', 96))
    const of = (rid: string, ssrc: number, width: string) =>
      buildRtp(
        {
          ssrc,
          payloadType: 96,
          sequenceNumber: 1,
          timestamp: 1,
          extensions: [{ id: 10, data: Buffer.from(rid) }],
        },
        hex(`908001100200 9d012a ${width} e001`),
      )
    expect(rig.publication.layers.video?.rid).toBe('q')
    rig.receive(of('h', 2, '4001'), of('q', 1, 'a000'), of('f', 3, '8002'))
    expect(rig.keyframes.map(({ layer }) => layer.rid)).toEqual(['h', 'q', 'f'])
    expect(rig.publication.layers.video?.rid).toBe('f')
    expect(rig.publication.layers.offered.map(({ layer }) => layer.rid)).toEqual(['q', 'h', 'f'])
  })
})

describe('time (DESIGN §6.5)', () => {
  it('is that of arrival until a sender report tells better', () => {
    const rig = new PublicationRig(chromium)
    const { publication, plane, clock } = rig
    rig.receive(media(10))
    const layer = publication.layers.video!
    expect(plane.clocks.get(layer.logId)).toEqual({ rtpTimestamp: 30_000, wall: clock.wall() })
    const first = clock.wall()
    rig.run(500)
    rig.receive(media(11))
    expect(plane.clocks.get(layer.logId)?.wall).toBe(first)
    const report = {
      ssrc: video,
      ntp: ntpFromWall(1_000_000),
      rtpTimestamp: 77_000,
      packetCount: 2,
      octetCount: 20,
      reports: [],
    }
    publication.rtcp(writeSenderReport(report))
    const corrected = plane.clocks.get(layer.logId)!
    expect(corrected.rtpTimestamp).toBe(77_000)
    expect(corrected.wall).toBeCloseTo(clock.wall(), 2)
  })

  it('of an SSRC that is not known is nobody’s', () => {
    const rig = new PublicationRig(chromium)
    const report = { ntp: 0n, rtpTimestamp: 1, packetCount: 0, octetCount: 0, reports: [] }
    rig.publication.rtcp(writeSenderReport({ ssrc: 99, ...report }))
    rig.publication.rtcp(hex('80c8000000'))
    expect(rig.plane.clocks.size).toBe(0)
  })
})

describe('life (WHIP-36)', () => {
  it('is told of about once a second while packets come', () => {
    const rig = new PublicationRig(chromium, obs)
    rig.run(3000)
    expect(rig.aliveAt).toEqual([])
    for (let i = 0; i < 300; i++) {
      rig.receive(media(i))
      rig.run(10)
    }
    rig.run(5000)
    const gaps = rig.aliveAt.slice(1).map((at, i) => at - rig.aliveAt[i]!)
    expect(rig.aliveAt.length).toBeGreaterThanOrEqual(3)
    expect(gaps.every((gap) => gap >= 1000 && gap <= 1020)).toBe(true)
  })
})
