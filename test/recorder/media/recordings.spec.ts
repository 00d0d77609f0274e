import { describe, expect, it } from 'vitest'
import { timescales } from '#recorder/cmaf/init-segment.ts'
import type { TrackKind } from '#recorder/media/interleaver.ts'
import { decodeVideo, ffmpegUnavailable, soundOf } from '#test/support/ffmpeg-decode.ts'
import { recordings } from '#test/support/rtpdump.ts'
import { cutRecording } from './recording-rig.ts'

const missing = ffmpegUnavailable()
const partTarget = 0.5

const cut = recordings.map(({ name, streams }) => ({
  name,
  video: streams.filter(({ size }) => size).toSorted((a, b) => b.packets - a.packets)[0]!,
  audio: streams.find(({ codec }) => codec === 'OPUS')!,
  segmented: cutRecording(name),
}))
const withPicture = cut.filter(({ video }) => video.codec !== 'VP8')

describe.each(cut)('$name, cut into segments', ({ video, audio, segmented }) => {
  const { segments, gaps } = segmented
  const kinds = (['video', 'audio'] as const).filter((kind) => segments[0]!.configs[kind])

  it('has sound, and pictures unless they are VP8', () => {
    expect(kinds).toEqual(video.codec === 'VP8' ? ['audio'] : ['video', 'audio'])
    expect(gaps).toEqual([])
  })

  it('has parts of the length that its playlist promises (HLS-33)', () => {
    for (const { parts } of segments) {
      for (const kind of kinds) {
        for (const [index, { duration, independent }] of parts[kind].entries()) {
          expect(duration).toBeLessThanOrEqual(partTarget + 1 / timescales.video)
          const isLast = index === parts[kind].length - 1
          if (!isLast && !independent) expect(duration).toBeGreaterThan(0.85 * partTarget)
        }
      }
    }
  })

  it('has segments of all tracks within the same bounds, one behind the other (HLS-25, HLS-69)', () => {
    const ends: Record<TrackKind, number> = { video: 0, audio: 0 }
    for (const { seconds, durations, discontinuity } of segments) {
      expect(discontinuity).toBe(false)
      for (const kind of kinds) {
        expect(Math.abs(ends[kind] - seconds)).toBeLessThan(0.041)
        ends[kind] += durations[kind]!
      }
    }
  })

  it('has every packet of sound, which ffmpeg decodes without complaint', async ({ skip }) => {
    if (missing) skip(missing)
    const { seconds, complaints } = soundOf(await segmented.file('audio'))
    expect(complaints).toBe('')
    expect(Math.abs(seconds - audio.packets * 0.02)).toBeLessThan(0.1)
  })
})

describe.each(withPicture)('$name, the pictures of its segments', ({ video, segmented }) => {
  it('begin with keyframes (HLS-75)', () => {
    for (const { parts } of segmented.segments) expect(parts.video[0]!.independent).toBe(true)
  })

  it('are all there, as ffmpeg decoded them from the packets', async ({ skip }) => {
    if (missing) skip(missing)
    const { frames, complaints } = decodeVideo(await segmented.file('video'))
    expect(complaints).toBe('')
    expect(frames).toHaveLength(video.decodedFrames!)
    expect(frames[0]).toBe(video.firstFrameMd5)
  })
})
