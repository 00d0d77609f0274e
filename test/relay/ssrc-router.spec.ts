import { describe, expect, it } from 'vitest'
import { SsrcRouter } from '#relay/ssrc-router.ts'
import { UpLayer } from '#relay/up-layer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import type { PublishedTrack } from '#webrtc/sdp/publish-answer.ts'
import { recordedFormat } from './publication-rig.ts'

const ids = { rid: 10, repairedRid: 11 }

interface Fields {
  readonly ssrc: number
  readonly pt: number
  readonly rid?: string
  readonly repairedRid?: string
}

function packet({ ssrc, pt, rid, repairedRid }: Fields): RtpPacket {
  const extensions = [
    ...(rid === undefined ? [] : [{ id: ids.rid, data: Buffer.from(rid) }]),
    ...(repairedRid === undefined ? [] : [{ id: ids.repairedRid, data: Buffer.from(repairedRid) }]),
  ]
  return RtpPacket.parse(
    buildRtp(
      { ssrc, payloadType: pt, sequenceNumber: 1, timestamp: 1, extensions },
      Buffer.from('x'),
    ),
  )!
}

const upLayer = (rid?: string) =>
  new UpLayer(new RecordingPlane(), {
    codec: 'VP8',
    clockRate: 90_000,
    rid,
    repair: true,
    keyframeAnswers: 'yes',
  })

function routerOf(video: PublishedTrack, rids: readonly (string | undefined)[]) {
  const layers = rids.map((rid) => upLayer(rid))
  const { audio } = recordedFormat('chromium-156-vp8', 96)
  const sound = upLayer()
  const router = new SsrcRouter([
    { format: audio!, layers: [sound] },
    { format: video, layers },
  ])
  const where = (fields: Fields) => {
    const route = router.route(packet(fields))
    if (!route) return undefined
    const name = route.layer === sound ? 'audio' : (route.layer.rid ?? 'video')
    return route.repair ? `repair of ${name}` : name
  }
  return { where, layers, sound }
}

const single = recordedFormat('chromium-156-vp8', 96).video!
const simulcast = recordedFormat('chromium-156-vp8-simulcast', 96).video!

describe('the layer of a packet', () => {
  it('is told by its payload type where there is one layer (IO-29)', () => {
    const { where, layers, sound } = routerOf(single, [undefined])
    expect(where({ ssrc: 1, pt: 111 })).toBe('audio')
    expect(where({ ssrc: 2, pt: 96 })).toBe('video')
    expect([sound.ssrc, layers[0]!.ssrc]).toEqual([1, 2])
  })

  it('is the only one also when it names itself "0" (IO-21)', () => {
    expect(routerOf(single, [undefined]).where({ ssrc: 2, pt: 96, rid: '0' })).toBe('video')
  })

  it('is told by its rid in simulcast, and by its SSRC from then on (IO-67)', () => {
    const { where } = routerOf(simulcast, ['q', 'h', 'f'])
    expect(where({ ssrc: 2, pt: 96 })).toBeUndefined()
    expect(where({ ssrc: 2, pt: 96, rid: 'h' })).toBe('h')
    expect(where({ ssrc: 2, pt: 96 })).toBe('h')
    expect(where({ ssrc: 3, pt: 96, rid: 'f' })).toBe('f')
    expect(where({ ssrc: 4, pt: 96, rid: 'nobody' })).toBeUndefined()
  })

  it('is none for a payload type that was not negotiated', () => {
    const { where, layers } = routerOf(single, [undefined])
    expect(where({ ssrc: 2, pt: 100 })).toBeUndefined()
    expect(layers[0]!.ssrc).toBeUndefined()
  })
})

describe('the layer that a retransmission repairs (RFC 4588 §8)', () => {
  it('is the only one', () => {
    const { where, layers } = routerOf(single, [undefined])
    expect(where({ ssrc: 5, pt: 97 })).toBe('repair of video')
    expect(layers[0]!.ssrc).toBeUndefined()
  })

  it('is named by repaired-rid, before its media has come', () => {
    const { where } = routerOf(simulcast, ['q', 'h', 'f'])
    expect(where({ ssrc: 5, pt: 97, repairedRid: 'q' })).toBe('repair of q')
    expect(where({ ssrc: 5, pt: 97 })).toBe('repair of q')
  })

  it('is told by the FID group of the offer, once the media has come', () => {
    const grouped = { ...simulcast, fidGroups: [{ media: 2, repair: 5 }] }
    const { where } = routerOf(grouped, ['q', 'h', 'f'])
    expect(where({ ssrc: 5, pt: 97 })).toBeUndefined()
    expect(where({ ssrc: 2, pt: 96, rid: 'h' })).toBe('h')
    expect(where({ ssrc: 5, pt: 97 })).toBe('repair of h')
    expect(where({ ssrc: 6, pt: 97 })).toBeUndefined()
  })
})

describe('what a publisher may cost', () => {
  it('is 24 SSRCs: further ones are nothing', () => {
    const { where } = routerOf(single, [undefined])
    for (let ssrc = 1; ssrc <= 24; ssrc++) expect(where({ ssrc, pt: 111 })).toBe('audio')
    expect(where({ ssrc: 25, pt: 111 })).toBeUndefined()
    expect(where({ ssrc: 24, pt: 111 })).toBe('audio')
  })
})
