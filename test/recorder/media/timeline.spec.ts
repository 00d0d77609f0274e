import { describe, expect, it } from 'vitest'
import { Timeline } from '#recorder/media/timeline.ts'

const epoch = Date.UTC(2026, 10, 23)
const rates = { audio: 48_000, video: 90_000 }

/** The same noise in each run, −1 to 1. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x3fffffff - 1
  }
}

interface Publisher {
  /** Ticks per tick by which its clock of the sound is fast. */
  readonly drift: number
  /** Ms by which reports are off at most. */
  readonly noise: number
  readonly hours: number
}

/** Largest offset of pictures against the sound they were taken with, in ms, after so many s. */
function worstOffset({ drift, noise: most, hours }: Publisher): number {
  const timeline = new Timeline(rates)
  const random = noise(7)
  // Close below the wrap of both.
  const audio = (t: number) => 2 ** 32 - 96_000 + t * rates.audio * (1 + drift)
  const video = (t: number) => 2 ** 32 - 45_000 + t * rates.video
  const report = (t: number) => {
    for (const [kind, at] of [
      ['audio', audio(t)],
      ['video', video(t)],
    ] as const) {
      const wall = epoch + 1000 * t + most * random()
      timeline.setClock(kind, { rtpTimestamp: Math.round(at) % 2 ** 32, wall }, Math.round(at))
    }
  }
  report(0)
  timeline.begin('video', Math.round(video(0)))
  let worst = 0
  for (let t = 0.04; t < hours * 3600; t += 0.04) {
    if (Math.floor(t) !== Math.floor(t - 0.04)) report(t)
    const sound = timeline.audio(audio(t))!
    const picture = timeline.video(Math.round(video(t)))!
    worst = Math.max(worst, 1000 * Math.abs(picture - sound))
  }
  return worst
}

describe('the time of a recording', () => {
  it.each`
    drift    | ms    | what
    ${0}     | ${0}  | ${'exact clocks'}
    ${1e-4}  | ${0}  | ${'a clock that is 100 ppm fast'}
    ${-1e-4} | ${0}  | ${'one that is 100 ppm slow'}
    ${1e-4}  | ${15} | ${'one that is fast, and reports that are up to 15 ms off'}
  `('keeps sound and pictures within 20 ms for an hour: $what', ({ drift, ms }) => {
    expect(worstOffset({ drift, noise: ms, hours: 1 })).toBeLessThan(20)
  })

  it('is that of the sound: it is never stretched', () => {
    const timeline = new Timeline(rates)
    timeline.begin('audio', 1000)
    expect(timeline.audio(1000 + 48_000 * 3600)).toBe(3600)
  })

  it('is that of the pictures where there is no sound', () => {
    const timeline = new Timeline(rates)
    timeline.setClock('video', { rtpTimestamp: 5000, wall: epoch }, 5000)
    timeline.begin('video', 5000)
    expect(timeline.video(5000 + 90_000)).toBe(1)
    expect(timeline.wallAt(1)).toBe(epoch + 1000)
  })

  it('follows a publisher that sets its clock at once', () => {
    const timeline = new Timeline(rates)
    for (const kind of ['audio', 'video'] as const) {
      timeline.setClock(kind, { rtpTimestamp: 0, wall: epoch }, 0)
    }
    timeline.begin('video', 0)
    timeline.video(90_000)
    timeline.setClock('audio', { rtpTimestamp: 48_000, wall: epoch + 1000 }, 48_000)
    timeline.setClock('video', { rtpTimestamp: 90_000, wall: epoch + 3000 }, 90_000)
    expect(timeline.video(93_000)).toBeCloseTo(3 + 3000 / 90_000)
  })

  it('knows the hour of what it holds', () => {
    const timeline = new Timeline(rates)
    timeline.setClock('audio', { rtpTimestamp: 96_000, wall: epoch }, 96_000)
    timeline.setClock('video', { rtpTimestamp: 900, wall: epoch - 500 }, 900)
    timeline.begin('video', 900)
    expect(timeline.wallAt(0)).toBeCloseTo(epoch - 500)
    expect(timeline.audio(96_000)).toBeCloseTo(0.5)
  })
})
