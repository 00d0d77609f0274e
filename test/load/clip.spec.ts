import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildClip } from '#load/clip.ts'
import { ClipSchedule } from '#load/clip-schedule.ts'
import { hex } from '#test/support/bytes.ts'
import { oggOpus } from './support/ogg.ts'

const idr = '00000001 09f0 000001 6742c01f 000001 68ce3c80 000001 6588'
const delta = '00000001 09f0 000001 419a'
const video = hex(`${idr} ${delta} ${delta} ${idr} ${delta}`)
const opus = (packets: number) =>
  oggOpus(
    Array.from({ length: packets }, () => hex('fc01')),
    50,
  )
const payloads = (text: string) => text.split(',').map((payload) => hex(payload))

describe('a clip', () => {
  it('is frames of payloads in order of time, sound cut to the picture', () => {
    const clip = buildClip({ video, audio: opus(20), frameRate: 25 })
    const keyframe = payloads('09f0,6742c01f,68ce3c80,6588')
    const between = payloads('09f0,419a')
    const picture = (at: number, isKeyframe: boolean) => {
      return {
        kind: 'video',
        layer: 0,
        at,
        keyframe: isKeyframe,
        payloads: isKeyframe ? keyframe : between,
      }
    }
    const sound = (at: number) => ({
      kind: 'audio',
      layer: 0,
      at,
      keyframe: false,
      payloads: payloads('fc01'),
    })
    expect(clip).toEqual({
      duration: 200,
      keyframeInterval: 0.12,
      hasAudio: true,
      layers: 1,
      frames: [
        picture(0, true),
        sound(0),
        sound(20),
        picture(40, false),
        sound(40),
        sound(60),
        picture(80, false),
        sound(80),
        sound(100),
        picture(120, true),
        sound(120),
        sound(140),
        picture(160, false),
        sound(160),
        sound(180),
      ],
    })
  })

  it('has each picture in every size, the largest first', () => {
    const small = hex(`${idr} ${delta} ${delta} ${delta} ${delta}`)
    const { frames, layers } = buildClip({ video, smaller: [small, video], frameRate: 25 })
    expect(layers).toBe(3)
    expect(frames.map(({ at, layer }) => [at, layer])).toEqual(
      [0, 40, 80, 120, 160].flatMap((at) => [0, 1, 2].map((layer) => [at, layer])),
    )
    expect(frames.flatMap(({ keyframe }, i) => (keyframe ? i : []))).toEqual([0, 1, 2, 9, 11])
  })

  it('counts the seam of the loop as an interval between keyframes', () => {
    const once = hex(`${idr} ${delta} ${delta} ${delta}`)
    expect(buildClip({ video: once, frameRate: 2 }).keyframeInterval).toBe(2)
  })

  it.each`
    what                       | source                                                      | message
    ${'nothing'}               | ${{ video: Buffer.alloc(0) }}                               | ${/no H264 pictures/}
    ${'an MP4 file'}           | ${{ video: Buffer.from('\0\0\0\x18ftypmp42') }}             | ${/no H264 pictures/}
    ${'a start in mid-GOP'}    | ${{ video: hex(`${delta} ${idr}`) }}                        | ${/first picture is no keyframe/}
    ${'layers of two lengths'} | ${{ video, smaller: [hex(idr)] }}                           | ${/layers differ in length: 5,1 pictures/}
    ${'sound that is no Ogg'}  | ${{ video, audio: Buffer.alloc(100, 1) }}                   | ${/no Ogg file/}
    ${'an Opus giant'}         | ${{ video, audio: oggOpus([Buffer.alloc(1300, 0xfc)], 1) }} | ${/1300 bytes/}
  `('cannot be made of $what', ({ source, message }) => {
    expect(() => buildClip({ frameRate: 30, ...source })).toThrow(message)
  })

  it('of the demo is as its description says', () => {
    const file = (name: string) => readFileSync(new URL(`../../demo/${name}`, import.meta.url))
    const facts = JSON.parse(file('clip.json').toString()).video
    const clip = buildClip({
      video: file('clip.h264'),
      audio: file('clip.opus'),
      frameRate: facts.framesPerSecond,
    })
    const pictures = clip.frames.filter(({ kind }) => kind === 'video')
    const keyframes = pictures.flatMap(({ keyframe }, index) => (keyframe ? index : []))
    expect(pictures).toHaveLength(facts.frames)
    expect(keyframes).toEqual([0, facts.keyframeInterval])
    expect(clip.keyframeInterval).toBeCloseTo(facts.keyframeInterval / facts.framesPerSecond, 6)
    const longest = Math.max(...pictures.flatMap(({ payloads: all }) => all.map((p) => p.length)))
    expect(longest).toBe(1200)
  })
})

describe('the schedule of a looped clip', () => {
  const clip = buildClip({ video, audio: opus(20), frameRate: 25 })

  it('gives each frame at its time, round after round, however late it is asked', () => {
    const schedule = new ClipSchedule(clip, 1000)
    expect(schedule.take(999)).toBeUndefined()
    const taken: number[] = []
    for (let now = 1000; now < 1400; now += 130) {
      for (let due = schedule.take(now); due; due = schedule.take(now)) {
        if (due.frame.kind === 'video') taken.push(due.media)
      }
      expect(schedule.nextAt).toBeGreaterThan(now)
    }
    expect(taken).toEqual([0, 40, 80, 120, 160, 200, 240, 280, 320, 360])
  })

  it('does not drift', () => {
    const thirds = buildClip({ video, frameRate: 30 })
    const schedule = new ClipSchedule(thirds, 0)
    let last = 0
    for (let frame = 0; frame < 5 * 30 * 3600; frame++) last = schedule.take(Infinity)!.media
    expect(last).toBeCloseTo(5 * 3_600_000 - 1000 / 30, 3)
  })
})
