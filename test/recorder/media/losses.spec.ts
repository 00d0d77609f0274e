import { describe, expect, it } from 'vitest'
import { decodeVideo, ffmpegUnavailable, soundOf } from '#test/support/ffmpeg-decode.ts'
import { recordings } from '#test/support/rtpdump.ts'
import { CutSegments, cutRecording } from './recording-rig.ts'

const missing = ffmpegUnavailable()
const name = 'chromium-156-h264'
const { streams } = recordings.find((one) => one.name === name)!
const video = streams.find(({ codec }) => codec === 'H264')!
const audio = streams.find(({ codec }) => codec === 'OPUS')!
/** The recording has 8 s, and its second keyframe after 4. */
const secondKeyframe = 4

const pictures = (cut: CutSegments) => cut.segments.flatMap(({ parts }) => parts.video)
const lengthOf = (cut: CutSegments, kind: 'video' | 'audio') =>
  cut.segments.reduce((sum, { durations }) => sum + (durations[kind] ?? 0), 0)

describe('a recording of a publisher', () => {
  it('lacks nothing where a lost packet is repaired within a second', async ({ skip }) => {
    if (missing) skip(missing)
    const cut = cutRecording(name, ({ ssrc, sequenceNumber }) => {
      if (ssrc === video.ssrc && sequenceNumber === video.firstSeq + 100) return { after: 800 }
      if (ssrc === audio.ssrc && sequenceNumber === audio.firstSeq + 100) return { after: 800 }
      return 'comes'
    })
    expect(cut.gaps).toEqual([])
    const { frames, complaints } = decodeVideo(await cut.file('video'))
    expect(complaints).toBe('')
    expect(frames).toHaveLength(video.decodedFrames!)
  })

  it('stands still from a lost picture to the next keyframe, says so, and decodes', async ({
    skip,
  }) => {
    if (missing) skip(missing)
    const lost = video.firstSeq + 100
    const cut = cutRecording(name, ({ ssrc, sequenceNumber }) =>
      ssrc === video.ssrc && sequenceNumber === lost ? 'lost' : 'comes',
    )
    expect(cut.gaps).toEqual([
      { kind: 'video', from: expect.any(Number), to: expect.closeTo(secondKeyframe, 1), lost: 1 },
    ])
    const [{ from } = { from: 0 }] = cut.gaps
    expect(from).toBeGreaterThan(1)
    expect(from).toBeLessThan(3)
    const { frames, times, complaints } = decodeVideo(await cut.file('video'))
    expect(complaints).toBe('')
    expect(frames.length).toBeLessThan(video.decodedFrames!)
    // No picture in between, and no time lost: the rest is where it was.
    expect(times.filter((time) => time > from && time < secondKeyframe - 0.1)).toEqual([])
    expect(lengthOf(cut, 'video')).toBeCloseTo(lengthOf(cutRecording(name), 'video'), 1)
    expect(soundOf(await cut.file('audio')).complaints).toBe('')
  })

  it('has silence for sound that was lost, as long as it was', async ({ skip }) => {
    if (missing) skip(missing)
    const cut = cutRecording(name, ({ ssrc, sequenceNumber }) => {
      const index = sequenceNumber - audio.firstSeq
      return ssrc === audio.ssrc && index >= 100 && index < 110 ? 'lost' : 'comes'
    })
    expect(cut.gaps).toEqual([
      { kind: 'audio', from: expect.any(Number), to: expect.any(Number), lost: 10 },
    ])
    const [gap] = cut.gaps
    expect(gap!.to - gap!.from).toBeCloseTo(0.2, 2)
    const whole = cutRecording(name)
    expect(lengthOf(cut, 'audio')).toBeCloseTo(lengthOf(whole, 'audio'), 2)
    expect(soundOf(await cut.file('audio')).complaints).toBe('')
  })

  it('begins anew after a time in which nothing came', () => {
    const cut = cutRecording(name, (_packet, ms) => (ms > 1000 && ms < 3900 ? 'lost' : 'comes'))
    const [first, second, ...rest] = cut.segments
    expect(rest).toEqual([])
    expect(first).toMatchObject({ discontinuity: false })
    expect(first!.durations.video).toBeCloseTo(1, 1)
    expect(second).toMatchObject({
      discontinuity: true,
      seconds: expect.closeTo(secondKeyframe, 1),
    })
    expect(cut.gaps.map(({ kind }) => kind).toSorted()).toEqual(['audio', 'video'])
  })

  it('goes on with its sound while pictures stay away', () => {
    const cut = cutRecording(name, ({ ssrc }, ms) =>
      ssrc === video.ssrc && ms > 1000 ? 'lost' : 'comes',
    )
    expect(lengthOf(cut, 'audio')).toBeCloseTo(8, 0)
    expect(pictures(cut).length).toBeGreaterThan(0)
    expect(cut.segments.at(-1)!.configs.video).toBeUndefined()
  })

  it('goes on with its pictures while sound stays away, in silence', () => {
    const cut = cutRecording(name, ({ ssrc }, ms) =>
      ssrc === audio.ssrc && ms > 1000 ? 'lost' : 'comes',
    )
    expect(lengthOf(cut, 'video')).toBeCloseTo(8, 0)
    expect(lengthOf(cut, 'audio')).toBeCloseTo(8, 0)
    expect(cut.gaps.every(({ kind }) => kind === 'audio')).toBe(true)
  })

  it('begins anew where the publisher sets its time back', async ({ skip }) => {
    if (missing) skip(missing)
    const cut = cutRecording(name, (packet, ms) => {
      if (ms < secondKeyframe * 1000) return 'comes'
      const { bytes, start, timestamp, ssrc } = packet
      const ticks = 3600 * (ssrc === audio.ssrc ? 48_000 : 90_000)
      bytes.writeUInt32BE((timestamp - ticks) >>> 0, start + 4)
      return 'comes'
    })
    const at = cut.segments.findIndex(({ discontinuity }) => discontinuity)
    expect(at).toBeGreaterThan(0)
    for (const segments of [cut.segments.slice(0, at), cut.segments.slice(at)]) {
      const part = new CutSegments()
      part.segments.push(...segments)
      const { frames, complaints } = decodeVideo(await part.file('video'))
      expect(complaints).toBe('')
      expect(frames.length).toBeGreaterThan(60)
    }
    expect(lengthOf(cut, 'video')).toBeLessThan(9)
    expect(lengthOf(cut, 'audio')).toBeLessThan(9)
  })
})
