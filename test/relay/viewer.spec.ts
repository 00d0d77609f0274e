import { describe, expect, it } from 'vitest'
import { compound } from '#rtp/rtcp/compound.ts'
import { writeFir, writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { hex } from '#test/support/bytes.ts'
import type { NegotiatedView } from '#webrtc/sdp/viewed-track.ts'
import { LayerRig, plainView, ViewerRig, vp8View } from './viewer-rig.ts'

const stranger = 0xdead
const videoSsrc = vp8View.video!.ssrc
const audioSsrc = vp8View.audio!.ssrc

function watching(view: NegotiatedView = vp8View) {
  const rig = new ViewerRig(view)
  const up = new LayerRig(rig.plane)
  const from = up.receive('keyframe', 0, 50_000)
  rig.watch(up, 0)
  rig.take()
  rig.observer.take()
  return { rig, up, from }
}

const feedback = (arrived: number, lost: number) => ({
  baseSequence: 0,
  statusCount: arrived + lost,
  referenceTime: 0,
  feedbackCount: 0,
  arrivals: Array.from({ length: arrived }, (_, i) => ({ sequenceNumber: i, arrivedAt: i })),
})

describe('a viewer’s tracks', () => {
  it('are those of its answer', () => {
    const { rig } = watching()
    const { payloadTypeFor: _v, ...video } = vp8View.video!
    const { payloadTypeFor: _a, ...audio } = vp8View.audio!
    expect(rig.plane.tracks.get(rig.videoTrack)).toMatchObject(video)
    expect(rig.plane.tracks.get(rig.audioTrack)).toMatchObject(audio)
  })

  it('are audio at once, under the viewer’s payload type, and again in the next epoch', () => {
    const rig = new ViewerRig()
    const [first, second] = [new LayerRig(rig.plane, 'opus'), new LayerRig(rig.plane, 'opus')]
    rig.watch(undefined, 0, first)
    rig.viewer.unwatch()
    rig.watch(undefined, 100, second)
    expect(rig.take()).toEqual([
      ['follow', rig.audioTrack, { log: first.layer.logId, payloadType: 111 }],
      ['follow', rig.audioTrack, { log: second.layer.logId, payloadType: 111 }],
    ])
  })

  it('may be one only', () => {
    const { video: _, ...listening } = vp8View
    const rig = new ViewerRig(listening)
    expect(rig.viewer.tracks).toHaveLength(1)
    expect(rig.viewer.video).toBeUndefined()
    rig.watch(new LayerRig(rig.plane), 0, new LayerRig(rig.plane, 'opus'))
    rig.viewer.rtcp(writePli(1, videoSsrc), 0)
    rig.viewer.earlyMediaLost(0)
    expect(rig.take()).toHaveLength(1)
  })
})

describe('the steps of a join', () => {
  it('are told by the video, once', () => {
    const { rig } = watching()
    rig.viewer.started(rig.audioTrack, 5)
    rig.viewer.started(rig.videoTrack, 10)
    rig.viewer.caughtUp(rig.audioTrack, 400)
    rig.viewer.caughtUp(rig.videoTrack, 500)
    rig.viewer.caughtUp(rig.videoTrack, 5000)
    expect(rig.phases).toEqual([
      ['first-packet', 10],
      ['live', 500],
    ])
  })
})

describe('what a viewer asks for', () => {
  it('is sent again on the track whose SSRC it names', () => {
    const { rig } = watching()
    rig.viewer.rtcp(compound(writeNack(1, videoSsrc, [7, 9]), writeNack(1, audioSsrc, [3])), 0)
    expect(rig.take()).toEqual([
      ['retransmit', rig.videoTrack, 7, 9],
      ['retransmit', rig.audioTrack, 3],
    ])
    expect(rig.observer.take()).toEqual(['nacked out 2', 'nacked out 1'])
  })

  it.each`
    what     | rtcp
    ${'PLI'} | ${writePli(1, videoSsrc)}
    ${'FIR'} | ${writeFir(1, [{ ssrc: stranger, commandNumber: 0 }, { ssrc: videoSsrc, commandNumber: 0 }])}
  `('is the picture from its keyframe on, by $what (SRTP-58)', ({ rtcp }) => {
    const { rig, from } = watching()
    rig.viewer.rtcp(rtcp, 2000)
    expect(rig.take()).toEqual([['replay', from]])
    expect(rig.observer.take()).toEqual(['keyframe requested out', 'replay keyframe-request'])
  })

  it.each`
    what                       | rtcp
    ${'a NACK for a stranger'} | ${writeNack(1, stranger, [1])}
    ${'a NACK for the RTX'}    | ${writeNack(1, vp8View.video!.rtxSsrc!, [1])}
    ${'a PLI for a stranger'}  | ${writePli(1, stranger)}
    ${'a PLI for the audio'}   | ${writePli(1, audioSsrc)}
    ${'a FIR for a stranger'}  | ${writeFir(1, [{ ssrc: stranger, commandNumber: 0 }])}
    ${'a BYE'}                 | ${hex('81cb000100000001')}
    ${'half a packet'}         | ${hex('81cd0003000000')}
    ${'nothing'}               | ${Buffer.alloc(0)}
  `('is nothing by $what', ({ rtcp }) => {
    const { rig } = watching()
    rig.viewer.rtcp(rtcp, 2000)
    expect([rig.take(), rig.observer.take()]).toEqual([[], []])
  })

  it('is looked at 200 times a second at most (SEC-46)', () => {
    const { rig } = watching()
    for (let i = 0; i < 500; i++) rig.viewer.rtcp(writeNack(1, videoSsrc, [i]), 5000)
    expect(rig.take()).toHaveLength(200)
    rig.viewer.rtcp(writeNack(1, videoSsrc, [1]), 5999)
    expect(rig.take()).toHaveLength(0)
    rig.viewer.rtcp(writeNack(1, videoSsrc, [1]), 6000)
    expect(rig.take()).toHaveLength(1)
  })
})

describe('what paces a viewer’s replay', () => {
  const report = (ssrc: number, fractionLost: number) =>
    writeReceiverReport(1, [
      {
        ssrc,
        fractionLost,
        cumulativeLost: 0,
        highestSequence: 0,
        jitter: 0,
        lastSenderReport: 0,
        delaySinceLastSenderReport: 0,
      },
    ])

  it('is transport-wide feedback where the viewer offered it', () => {
    const { rig } = watching()
    rig.viewer.rtcp(writeTransportCc(1, videoSsrc, feedback(50, 0)), 100)
    rig.viewer.rtcp(writeTransportCc(1, videoSsrc, feedback(50, 0)), 200)
    const [first, second] = rig.take() as [string, number][]
    expect(second![1] / first![1]).toBe(2)
    rig.viewer.rtcp(writeTransportCc(1, videoSsrc, feedback(30, 30)), 300)
    expect(rig.take()).toEqual([['pace', first![1]]])
    rig.viewer.rtcp(report(videoSsrc, 0), 400)
    expect(rig.take()).toEqual([])
  })

  it('is the receiver report of the video where it did not', () => {
    const { rig } = watching(plainView)
    rig.viewer.rtcp(report(plainView.audio!.ssrc, 0), 1000)
    expect(rig.take()).toEqual([])
    rig.viewer.rtcp(report(plainView.video!.ssrc, 0), 1000)
    rig.viewer.rtcp(report(plainView.video!.ssrc, 0), 2000)
    rig.viewer.rtcp(report(plainView.video!.ssrc, 128), 3000)
    const [first, second, third] = rig.take() as [string, number][]
    expect([second![1] / first![1], third![1]]).toEqual([2, first![1]])
  })
})
