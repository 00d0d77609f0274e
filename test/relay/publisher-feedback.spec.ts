import { describe, expect, it } from 'vitest'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { labelled } from '#test/support/stored-packets.ts'
import type { NegotiatedPublication } from '#webrtc/sdp/publish-answer.ts'
import { browser, obs, PublicationRig, recordedFormat } from './publication-rig.ts'

const chromium = recordedFormat('chromium-156-vp8', 96)
const video = 0x2222

interface Fields {
  readonly ssrc?: number
  readonly pt?: number
  readonly rid?: string
  readonly transportSequence?: number
}

function packet(sequenceNumber: number, fields: Fields = {}): Buffer {
  const { ssrc = video, pt = 96, rid, transportSequence } = fields
  const number = Buffer.alloc(2)
  number.writeUInt16BE(transportSequence ?? 0)
  // No VP8 frame starts with this byte.
  return labelled('n', {
    ssrc,
    payloadType: pt,
    sequenceNumber,
    timestamp: sequenceNumber * 3000,
    extensions: [
      ...(rid === undefined ? [] : [{ id: 2, data: Buffer.from(rid) }]),
      ...(transportSequence === undefined ? [] : [{ id: 3, data: number }]),
    ],
  })
}

/** The first packet of a VP8 keyframe, 640 by 480 (SRTP-124). */
function keyframe(sequenceNumber: number): Buffer {
  const bytes = packet(sequenceNumber)
  const payload = Buffer.from('908001100200 9d012a 8002 e001'.replaceAll(' ', ''), 'hex')
  return Buffer.concat([bytes.subarray(0, 12), payload])
}

const kinds = (rig: PublicationRig) => rig.plane.takeRtcp().map((all) => all.map((p) => p.kind))
const asked = (rig: PublicationRig) => {
  return rig.plane
    .takeRtcp()
    .flat()
    .flatMap((one) => (one.kind === 'nack' ? [[one.media, ...one.lost]] : []))
}

/** Without transport-wide numbers, whose feedback is not looked at here. */
const quiet = withVideo({ extensions: {} })
function withVideo(change: Partial<NonNullable<NegotiatedPublication['video']>>) {
  return { ...chromium, video: { ...chromium.video!, ...change } }
}
const speechless = { ...quiet, audio: { ...quiet.audio!, extensions: {} } }

describe('losses (RFC 4585 §6.2.1, SRTP-53)', () => {
  it('are asked for after the wait for reordering, each in a datagram of its own', () => {
    const rig = new PublicationRig(speechless)
    rig.receive(packet(1), packet(2), packet(5))
    rig.run(10)
    expect(asked(rig)).toEqual([])
    rig.run(10)
    expect(rig.plane.rtcp.map(({ packets }) => packets)).toContainEqual([
      { kind: 'nack', sender: 1, media: video, lost: [3, 4] },
    ])
    expect(rig.plane.rtcp.every(({ peer }) => peer === 7)).toBe(true)
    expect(rig.publication.feedback.nacks).toBe(2)
    expect(rig.observer.take()).toEqual(['nacked in 2'])
  })

  it('that are healed meanwhile are not asked for', () => {
    const rig = new PublicationRig(speechless)
    rig.receive(packet(1), packet(3))
    rig.run(10)
    rig.receive(packet(2))
    rig.run(1000)
    expect(asked(rig)).toEqual([])
  })

  it('are asked for in two datagrams when one would be too long', () => {
    const rig = new PublicationRig(speechless)
    rig.receive(packet(1), packet(400))
    rig.run(20)
    const numbers = asked(rig)
    expect(numbers.map(({ length }) => length)).toEqual([257, 143])
    expect(numbers.flatMap(([, ...lost]) => lost)).toEqual(
      Array.from({ length: 398 }, (_, i) => i + 2),
    )
  })

  it('of one who offered no NACK are not asked for', () => {
    const rig = new PublicationRig(withVideo({ feedback: new Set(), extensions: {} }))
    rig.receive(packet(1), packet(5))
    rig.run(1000)
    expect(asked(rig)).toEqual([])
  })

  it('of OBS are asked for in its first layer only (IO-23)', () => {
    const simulcast = recordedFormat('obs-32-simulcast-3', 96)
    const rig = new PublicationRig(simulcast, obs)
    for (const [ssrc, rid] of [
      [10, '0'],
      [11, '1'],
      [12, '2'],
    ] as const) {
      rig.receive(packet(1, { ssrc, rid }), packet(3, { ssrc }))
    }
    rig.run(30)
    expect(asked(rig)).toEqual([[10, 2]])
  })

  it('past repair make a keyframe wanted', () => {
    const rig = new PublicationRig(speechless)
    rig.receive(packet(1), packet(1000))
    rig.run(20)
    expect(kinds(rig)).toContainEqual(['pli'])
    expect(asked(rig)).toEqual([])
  })

  it('before a keyframe are forgotten when it comes, those within it are not', () => {
    const rig = new PublicationRig(speechless)
    rig.receive(packet(1), packet(5), keyframe(6), packet(8))
    rig.run(20)
    expect(asked(rig)).toEqual([[video, 7]])
  })
})

describe('requests for a keyframe (SRTP-58)', () => {
  const pliOnly = withVideo({ extensions: {}, feedback: new Set(['nack pli']) })
  const firOnly = withVideo({ extensions: {}, feedback: new Set(['ccm fir']) })

  it('are PLI where it was offered', () => {
    const rig = new PublicationRig(pliOnly)
    rig.receive(packet(1))
    rig.publication.layers.video!.keyframes.want()
    rig.run(10)
    expect(rig.plane.takeRtcp()).toContainEqual([{ kind: 'pli', sender: 1, media: video }])
    expect(rig.observer.take()).toEqual(['keyframe requested in'])
  })

  it('are FIR where only that was offered, numbered (RFC 5104 §4.3.1)', () => {
    const rig = new PublicationRig(firOnly)
    rig.receive(packet(1))
    rig.publication.layers.video!.keyframes.want()
    rig.run(600)
    const requests = rig.plane.takeRtcp().flat()
    expect(requests.filter(({ kind }) => kind === 'fir')).toEqual([
      { kind: 'fir', sender: 1, requests: [{ ssrc: video, commandNumber: 1 }] },
      { kind: 'fir', sender: 1, requests: [{ ssrc: video, commandNumber: 2 }] },
    ])
  })

  it('wait until the layer’s SSRC is known', () => {
    const rig = new PublicationRig(pliOnly)
    rig.publication.layers.video!.keyframes.want()
    rig.run(1000)
    expect(kinds(rig)).toEqual([])
    rig.receive(packet(1))
    rig.run(10)
    expect(kinds(rig)).toContainEqual(['pli'])
  })

  it('come every 4 s of their own while there are viewers, to publishers that answer', () => {
    const rig = new PublicationRig(pliOnly)
    rig.receive(keyframe(1))
    rig.run(3900)
    rig.publication.hasViewers = true
    expect(kinds(rig)).not.toContainEqual(['pli'])
    rig.run(200)
    expect(kinds(rig)).toContainEqual(['pli'])
  })

  it('do not come of their own to OBS (IO-22)', () => {
    const rig = new PublicationRig(pliOnly, obs)
    rig.publication.hasViewers = true
    rig.receive(keyframe(1))
    rig.run(30_000)
    expect(kinds(rig)).not.toContainEqual(['pli'])
  })
})

describe('what a publisher is told regularly', () => {
  it('is a receiver report a second, of every SSRC heard (RFC 3550 §6.4.2)', () => {
    const rig = new PublicationRig(speechless)
    rig.run(5)
    rig.receive(packet(1), packet(9, { ssrc: 0x1111, pt: 111 }))
    rig.run(2005)
    const reports = rig.plane.takeRtcp().flat()
    expect(reports).toHaveLength(2)
    expect(reports[0]).toMatchObject({
      kind: 'receiver-report',
      ssrc: 1,
      reports: [
        { ssrc: 0x1111, fractionLost: 0, highestSequence: 9 },
        { ssrc: video, fractionLost: 0, highestSequence: 1 },
      ],
    })
  })

  it('is nothing while nothing comes', () => {
    const rig = new PublicationRig(chromium)
    rig.run(5000)
    expect(rig.plane.rtcp).toEqual([])
  })

  it('is when its packets came, where it numbers them (IO-70): all of them, repairs too', () => {
    const rig = new PublicationRig(chromium, browser)
    rig.receive(packet(1, { transportSequence: 500 }))
    rig.run(4)
    rig.receive(packet(1, { transportSequence: 501, ssrc: 0x9999, pt: 97 }))
    rig.receive(packet(1, { transportSequence: 503, ssrc: 0x1111, pt: 111 }))
    rig.receive(packet(1, { transportSequence: 504, ssrc: 0x7777, pt: 55 }))
    rig.run(100)
    const feedback = rig.plane
      .takeRtcp()
      .flat()
      .find((one) => one.kind === 'transport-cc')
    expect(feedback).toMatchObject({ sender: 1, media: video })
    expect(readTransportCc(feedback!.packet)).toMatchObject({
      baseSequence: 500,
      feedbackCount: 0,
    })
  })

  it('says nothing of arrivals where they are not numbered', () => {
    const rig = new PublicationRig(recordedFormat('obs-32-default-gop', 96), obs)
    rig.receive(packet(1, { transportSequence: 500 }))
    rig.run(2000)
    expect(kinds(rig).flat()).not.toContain('transport-cc')
  })
})
