import { describe, expect, it } from 'vitest'
import type { KeyframeAnswers } from '#relay/keyframe-requests.ts'
import { LayerRig, ViewerRig } from './viewer-rig.ts'

function joined(now = 1000) {
  const rig = new ViewerRig()
  const up = new LayerRig(rig.plane)
  up.receive('keyframe', now - 500)
  up.receive('frame', now)
  rig.watch(up, now)
  return { rig, up, track: rig.viewer.video! }
}

describe('another layer', () => {
  function live(size = 50_000, answers: KeyframeAnswers = 'yes') {
    const { rig, up, track } = joined()
    rig.viewer.caughtUp(rig.videoTrack, 1100)
    rig.take()
    rig.observer.take()
    const other = new LayerRig(rig.plane, 'VP8', answers)
    const from = other.receive('keyframe', 2000, size)
    return { rig, up, track, other, from }
  }

  it('is shown from its next keyframe on, which is asked for', () => {
    const { rig, up, track, other } = live()
    track.choose(other.layer, { urgent: false }, 2100)
    expect([rig.take(), track.layer]).toEqual([[], up.layer])
    expect(other.layer.keyframes.poll(2100, true)).toBe(true)
    const next = other.receive('keyframe', 2500)
    rig.viewer.keyframe(other.layer, 2500)
    expect([rig.take(), track.layer]).toEqual([[['replay', next]], other.layer])
    expect(rig.observer.take()).toEqual(['replay layer'])
  })

  it('is shown from its last keyframe on where time presses and none can be asked for', () => {
    const { rig, track, other, from } = live(50_000, 'no')
    track.choose(other.layer, { urgent: true }, 2100)
    expect([rig.take(), track.layer]).toEqual([[['replay', from]], other.layer])
  })

  it('is shown from its last keyframe on where the one that was asked for does not come', () => {
    const { rig, up, track, other, from } = live()
    track.choose(other.layer, { urgent: true }, 2200)
    track.poll(2899)
    expect([rig.take(), track.layer]).toEqual([[], up.layer])
    expect(other.layer.keyframes.poll(2200, true)).toBe(true)
    track.poll(2900)
    expect([rig.take(), track.layer]).toEqual([[['replay', from]], other.layer])
  })

  it('is waited for as long as it takes where nothing presses', () => {
    const { rig, track, other } = live()
    track.choose(other.layer, { urgent: false }, 2200)
    track.poll(20_000)
    expect(rig.take()).toEqual([])
  })

  it('is shown at once, too, where catching up goes unnoticed', () => {
    const { rig, track, other, from } = live()
    // 50 kB in 400 ms.
    track.linkRate = 124
    track.choose(other.layer, { urgent: false }, 2100)
    expect(rig.take()).toEqual([])
    track.choose(undefined, { urgent: true }, 2200)
    track.linkRate = 126
    track.choose(other.layer, { urgent: false }, 2300)
    expect(rig.take()).toEqual([['silence'], ['replay', from]])
  })

  it('that was given up again is not shown when its keyframe comes', () => {
    const { rig, up, track, other } = live()
    track.choose(other.layer, { urgent: false }, 2100)
    track.choose(up.layer, { urgent: true }, 2200)
    other.receive('keyframe', 2500)
    rig.viewer.keyframe(other.layer, 2500)
    expect([rig.take(), track.layer]).toEqual([[], up.layer])
  })

  it('is caught up with at a rate that the link is known to carry', () => {
    const { rig, track, other } = live(1000)
    track.linkRate = 300
    track.choose(other.layer, { urgent: true }, 2100)
    expect(rig.plane.take()[0]).toMatchObject({
      kind: 'replay',
      replay: { pace: 375, burst: 15_000, lead: { pace: 375 } },
    })
  })

  it('is caught up with more slowly, and without a burst, where the link’s queue is full', () => {
    const { rig, track, other } = live(1000, 'no')
    track.linkRate = 300
    track.choose(other.layer, { urgent: true, congested: true }, 2100)
    expect(rig.plane.take()[0]).toMatchObject({
      kind: 'replay',
      replay: { pace: 240, burst: 0, lead: { pace: 240 } },
    })
  })

  it('is waited for in silence where the link’s queue is full', () => {
    const { rig, track, other } = live()
    track.choose(other.layer, { urgent: true, congested: true }, 2200)
    expect([rig.take(), track.layer]).toEqual([[['silence']], undefined])
    const next = other.receive('keyframe', 2300)
    rig.viewer.keyframe(other.layer, 2300)
    expect([rig.take(), rig.observer.take()]).toEqual([[['replay', next]], ['replay layer']])
  })

  it('may be none: then nothing is sent, and a lost picture is no concern', () => {
    const { rig, track } = live()
    track.choose(undefined, { urgent: true }, 2100)
    track.pictureLost('keyframe-request', 4000)
    expect([rig.take(), track.state]).toEqual([[['silence']], 'waiting'])
  })
})
