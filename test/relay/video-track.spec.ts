import { describe, expect, it } from 'vitest'
import { edited, local, realOffer } from '#test/webrtc/sdp/offers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { LayerRig, ViewerRig } from './viewer-rig.ts'

function joined(now = 1000) {
  const rig = new ViewerRig()
  const up = new LayerRig(rig.plane)
  const from = up.receive('keyframe', now - 500)
  up.receive('frame', now)
  rig.watch(up, now)
  return { rig, up, from, track: rig.viewer.video! }
}

describe('what a viewer sees (DESIGN §6)', () => {
  it('is the last keyframe at once, then what has come since, then what comes', () => {
    const { rig, from, track } = joined()
    expect(rig.take()).toEqual([['replay', from]])
    expect(track.state).toBe('replaying')
    rig.viewer.caughtUp(rig.videoTrack, 1100)
    expect(track.state).toBe('live')
    expect(rig.observer.take()).toEqual(['replay join'])
  })

  it('is nothing before the first keyframe, which is asked for and then shown', () => {
    const rig = new ViewerRig()
    const up = new LayerRig(rig.plane)
    up.receive('frame', 1000)
    rig.watch(up, 1000)
    expect([rig.take(), rig.viewer.video?.state]).toEqual([[], 'waiting'])
    expect(up.layer.keyframes.poll(1000, false)).toBe(true)
    const from = up.receive('keyframe', 1200)
    rig.viewer.keyframe(up.layer, 1200)
    expect(rig.take()).toEqual([['replay', from]])
    expect(rig.observer.take()).toEqual(['replay join'])
  })

  it('goes by itself over a keyframe at the live end', () => {
    const { rig, up } = joined()
    rig.viewer.caughtUp(rig.videoTrack, 1100)
    rig.take()
    up.receive('keyframe', 2000)
    rig.viewer.keyframe(up.layer, 2000)
    expect(rig.take()).toEqual([])
  })

  it('jumps to a keyframe that comes while it is catching up; that is no second replay', () => {
    const { rig, up } = joined()
    rig.take()
    const from = up.receive('keyframe', 1500)
    rig.viewer.keyframe(up.layer, 1500)
    expect(rig.take()).toEqual([['replay', from]])
    expect(rig.observer.take()).toEqual(['replay join'])
  })

  it('is not shown again while nothing comes, however often it is asked for', () => {
    const { rig, up, from, track } = joined()
    up.layer.endRun()
    track.pictureLost('keyframe-request', 2000)
    expect(rig.take().at(-1)).toEqual(['replay', from])
    rig.viewer.caughtUp(rig.videoTrack, 2100)
    for (let now = 5000; now < 30_000; now += 3000) track.pictureLost('keyframe-request', now)
    expect(rig.take()).toEqual([])
    up.layer.beginRun({ ssrc: 6, base: 0, from: 0, end: 0 }, 30_000)
    track.pictureLost('keyframe-request', 31_000)
    expect(rig.take()).toEqual([['replay', from]])
  })

  it('stays when the publisher goes, and goes on in the same session when one returns', () => {
    const { rig } = joined()
    rig.viewer.caughtUp(rig.videoTrack, 1100)
    rig.viewer.unwatch()
    rig.observer.take()
    rig.take()
    rig.viewer.earlyMediaLost(5000)
    rig.viewer.starved(rig.videoTrack, 5000)
    expect(rig.take()).toEqual([])
    const next = new LayerRig(rig.plane)
    rig.watch(next, 6000)
    const from = next.receive('keyframe', 6100)
    rig.viewer.keyframe(next.layer, 6100)
    expect(rig.take()).toEqual([['replay', from]])
    expect(rig.observer.take()).toEqual(['replay return'])
  })

  it('waits when the keyframe had to be given up', () => {
    const { rig, up, track } = joined()
    rig.take()
    up.receive('frame', 60_000)
    up.receive('frame', 60_001)
    expect(up.layer.log.keyframe).toBeUndefined()
    rig.viewer.starved(rig.videoTrack, 60_001)
    expect(rig.take()).toEqual([])
    expect(track.state).toBe('replaying')
    expect(up.layer.keyframes.poll(60_001, false)).toBe(true)
  })

  it('is nothing of a codec that the viewer did not offer', () => {
    const rig = new ViewerRig()
    const up = new LayerRig(rig.plane, 'H265')
    up.layer.log.markKeyframe(up.receive('frame', 1000))
    rig.watch(up, 1000)
    expect([rig.take(), rig.viewer.video?.state]).toEqual([[], 'waiting'])
  })

  it('comes under the payload type that the viewer gave the codec, with its RTX', () => {
    const { rig, up } = joined()
    const [replay] = rig.plane.take()
    expect(replay).toMatchObject({
      source: { log: up.layer.logId, payloadType: 96, rtxPayloadType: 97 },
      replay: { burst: 30_000 },
    })
  })

  it('comes without RTX where none was offered', () => {
    const offer = realOffer('chromium-156/offer-recvonly.gathered.sdp')
    const withoutRtx = edited(offer, /a=rtpmap:\d+ rtx\/90000\r\n/g, '')
    const wishes = { video: { codec: 'VP8' }, audio: { codec: 'opus' } } as const
    const rig = new ViewerRig(answerViewer(parseOffer(withoutRtx), wishes, local).view)
    const up = new LayerRig(rig.plane)
    up.receive('keyframe', 1000)
    rig.watch(up, 1000)
    const [replay] = rig.plane.take()
    expect(replay).toMatchObject({ source: { log: up.layer.logId, payloadType: 96 } })
    expect(replay).not.toHaveProperty('source.rtxPayloadType')
    expect(rig.plane.tracks.get(rig.videoTrack)).not.toHaveProperty('transportCcId')
  })
})

describe('a replay starts over (DESIGN §6.9)', () => {
  const losePicture = (rig: ViewerRig, now: number) => rig.viewer.starved(rig.videoTrack, now)

  it('at the last keyframe, at most once a second', () => {
    const { rig, up, from } = joined(1000)
    rig.viewer.caughtUp(rig.videoTrack, 1100)
    rig.take()
    for (let now = 1600; now < 4600; now += 10) {
      up.receive('frame', now)
      losePicture(rig, now)
    }
    expect(rig.take()).toEqual([
      ['replay', from],
      ['replay', from],
      ['replay', from],
    ])
    expect(rig.observer.take()).toEqual([
      'replay join',
      'replay unserved-nack',
      'replay unserved-nack',
      'replay unserved-nack',
    ])
  })

  it('not while the first keyframe may still be on its way', () => {
    const { rig } = joined(1000)
    rig.take()
    losePicture(rig, 1399)
    expect(rig.take()).toEqual([])
    losePicture(rig, 1400)
    expect(rig.take()).toHaveLength(1)
  })

  it('at once when the first flight of the handshake was lost, and what came after it', () => {
    const { rig, from } = joined(1000)
    rig.take()
    rig.viewer.earlyMediaLost(1060)
    expect(rig.take()).toEqual([['replay', from]])
    losePicture(rig, 1500)
    expect(rig.take()).toEqual([])
    expect(rig.observer.take()).toEqual(['replay join', 'replay resent-flight'])
  })

  it('at once when its connection takes media again, and not before', () => {
    const { rig, from } = joined(1000)
    rig.take()
    rig.viewer.congested(true, 1050)
    expect(rig.take()).toEqual([])
    rig.viewer.congested(false, 1060)
    expect(rig.take()).toEqual([['replay', from]])
    expect(rig.observer.take()).toEqual(['replay join', 'replay congestion'])
  })

  it('asks the publisher for a keyframe too', () => {
    const { rig, up } = joined(1000)
    expect(up.layer.keyframes.poll(1000, false)).toBe(false)
    losePicture(rig, 1010)
    expect(up.layer.keyframes.poll(1010, false)).toBe(true)
  })
})

describe('the pace of a viewer’s replay', () => {
  it('starts from the rate of the media, the keyframe’s own burst apart', () => {
    const rig = new ViewerRig()
    const up = new LayerRig(rig.plane)
    up.receive('keyframe', 0, 10_000)
    for (let now = 10; now <= 2000; now += 10) up.receive('frame', now, 5000)
    rig.watch(up, 2000)
    const [replay] = rig.plane.take()
    const bytesPerMs = (10_000 + 200 * 5000) / 2000
    expect(replay).toMatchObject({ kind: 'replay' })
    const { pace } = (replay as { replay: { pace: number } }).replay
    expect(pace / (1.5 * bytesPerMs)).toBeCloseTo(1, 1)
  })

  it('follows reports while it lasts, and not after', () => {
    const { rig, track } = joined()
    rig.take()
    track.report({ received: 50, lost: 0 })
    track.report({ received: 50, lost: 0 })
    const paces = rig.take() as ['pace', number][]
    expect(paces.map(([kind]) => kind)).toEqual(['pace', 'pace'])
    track.caughtUp()
    track.report({ received: 50, lost: 0 })
    expect(rig.take()).toEqual([])
  })
})
