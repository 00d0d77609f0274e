import { describe, expect, it } from 'vitest'
import type { VideoConfig } from '#recorder/cmaf/track-config.ts'
import { planFor } from '#recorder/media/segment-plan.ts'
import { Segmenter } from '#recorder/media/segmenter.ts'
import { CutSegments } from './recording-rig.ts'

const size = (width: number): VideoConfig => ({
  ...{ kind: 'video', codec: 'VP9', codecs: 'vp09.00.31.08', parameterSets: [] },
  ...{ width, height: 360 },
})

/** So many seconds of pictures, 30 a second. */
function cut({
  seconds,
  isKeyframe,
  widthAt = () => 640,
}: {
  seconds: number
  isKeyframe: (picture: number) => boolean
  widthAt?: (picture: number) => number
}) {
  const listener = new CutSegments()
  let picture = 0
  const segmenter = new Segmenter({
    plan: planFor({ answersKeyframeRequests: true, keyframeInterval: undefined }),
    ...{ hasAudio: false, isAnew: false, listener },
    videoConfig: () => size(widthAt(picture)),
  })
  for (; picture < 30 * seconds; picture++) {
    const keyframe = isKeyframe(picture)
    const unit = { data: Buffer.of(picture & 0xff), keyframe, timestamp: 3000 * picture, lost: 0 }
    segmenter.add({ kind: 'video', unit, seconds: picture / 30 })
  }
  segmenter.end()
  return listener.segments
}

const lengths = (segments: ReturnType<typeof cut>) =>
  segments.map(({ durations }) => Math.round(durations.video! * 100) / 100)

describe('segments', () => {
  it.each`
    every  | length | what
    ${60}  | ${4}   | ${'every 2 s'}
    ${120} | ${4}   | ${'every 4 s'}
    ${180} | ${6}   | ${'every 6 s'}
    ${30}  | ${4}   | ${'every second'}
  `('begin with keyframes, of which there is one $what: $length s', ({ every, length }) => {
    const segments = cut({ seconds: 24, isKeyframe: (picture) => picture % every === 0 })
    expect(lengths(segments)).toEqual(Array.from({ length: 24 / length }, () => length))
    expect(segments.every(({ parts }) => parts.video[0]!.independent)).toBe(true)
  })

  it('are no longer than their target allows where there are no keyframes (HLS-4)', () => {
    const segments = cut({ seconds: 30, isKeyframe: (picture) => picture === 0 })
    for (const length of lengths(segments)) expect(Math.round(length)).toBeLessThanOrEqual(6)
    expect(segments.length).toBe(5)
  })

  it('begin with another size, behind a discontinuity (HLS-77)', () => {
    const segments = cut({
      ...{ seconds: 8, isKeyframe: (picture) => picture % 60 === 0 },
      widthAt: (picture) => (picture < 60 ? 640 : 320),
    })
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([false, true, false])
    expect(lengths(segments)).toEqual([2, 4, 2])
  })

  it('are few, however often the size changes', () => {
    const segments = cut({
      ...{ seconds: 10, isKeyframe: () => true },
      widthAt: (picture) => 640 + picture,
    })
    expect(segments.length).toBeLessThanOrEqual(10)
    const sum = lengths(segments).reduce((all, length) => all + length, 0)
    expect(sum).toBeCloseTo(10, 0)
  })
})
