import { describe, expect, it } from 'vitest'
import { type Sample, ViewerWorld } from './support/viewer-world.ts'

const mbit = 1_000_000
/** What sends as much as the estimate allows. */
const elastic = (estimate: number) => estimate

const percentile = (values: readonly number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)]!
const estimates = (samples: readonly Sample[]) => samples.map(({ estimate }) => estimate)
/** Ms from then on until the estimate is so; Infinity if never. */
function timeUntil(world: ViewerWorld, from: number, is: (estimate: number) => boolean): number {
  return (world.since(from).find(({ estimate }) => is(estimate))?.at ?? Infinity) - from
}

describe('the estimate on a link that the sender fills', () => {
  it('converges on 1 Mbit/s within 15 s, in a short queue (BWE-91)', () => {
    const world = new ViewerWorld({ rate: mbit, delay: 25, media: elastic }).run(60_000)
    expect(timeUntil(world, 0, (estimate) => estimate > 0.8 * mbit)).toBeLessThan(15_000)
    const settled = world.since(15_000)
    expect(percentile(estimates(settled), 0.02)).toBeGreaterThan(0.8 * mbit)
    expect(percentile(estimates(settled), 0.95)).toBeLessThan(1.05 * mbit)
    expect(
      percentile(
        settled.map(({ queue }) => queue),
        0.95,
      ),
    ).toBeLessThan(150)
  })

  it('is down within 2 s of the link (BWE-92)', () => {
    const world = new ViewerWorld({ rate: 2 * mbit, media: elastic }).run(30_000)
    const step = world.now
    world.link.rate = 0.7 * mbit
    world.run(10_000)
    expect(timeUntil(world, step, (estimate) => estimate < 0.75 * mbit)).toBeLessThan(2000)
    expect(world.estimator.estimate).toBeGreaterThan(0.5 * mbit)
  })

  it('survives the loss of every other report (BWE-97)', () => {
    const world = new ViewerWorld({
      rate: mbit,
      start: 0.6 * mbit,
      feedbackLoss: 0.5,
      media: elastic,
    })
    const settled = estimates(world.run(60_000).since(20_000))
    expect(percentile(settled, 0.05)).toBeGreaterThan(0.8 * mbit)
    expect(percentile(settled, 0.95)).toBeLessThan(1.2 * mbit)
  })

  it('is within 20 % of any rate for two minutes, in any queue', () => {
    for (const queue of [100, 200, 300]) {
      for (const burst of [0, 20_000]) {
        const world = new ViewerWorld({ rate: 3 * mbit, start: mbit, queue, burst, media: elastic })
        const settled = estimates(world.run(140_000).since(21_000))
        expect(percentile(settled, 0.02)).toBeGreaterThan(0.8 * 3 * mbit)
        expect(percentile(settled, 0.98)).toBeLessThan(1.2 * 3 * mbit)
      }
    }
  })
})

describe('the estimate for an application that sends less', () => {
  it('finds a faster link within 15 s by probes (BWE-93)', () => {
    const world = new ViewerWorld({
      rate: 0.7 * mbit,
      media: (estimate) => Math.min(estimate, 0.5 * mbit),
      wanted: () => 2 * mbit,
    }).run(15_000)
    expect(world.estimator.estimate).toBeLessThan(0.84 * mbit)
    const step = world.now
    world.link.rate = 2 * mbit
    world.run(15_000)
    expect(timeUntil(world, step, (estimate) => estimate >= 1.6 * mbit)).toBeLessThan(5000)
    expect(world.estimator.estimate).toBeLessThan(2.4 * mbit)
  })

  it('knows a link that media does not fill, by probes alone', () => {
    for (const queue of [100, 300]) {
      const world = new ViewerWorld({
        rate: 1.6 * mbit,
        start: mbit,
        queue,
        media: (estimate) => Math.min(estimate, 0.8 * mbit),
        wanted: () => 2.875 * mbit,
      })
      const settled = estimates(world.run(120_000).since(10_000))
      expect(percentile(settled, 0)).toBeGreaterThan(0.8 * 1.6 * mbit)
      expect(percentile(settled, 1)).toBeLessThan(1.2 * 1.6 * mbit)
      expect(world.probed).toBeLessThan(0.15 * world.sent)
    }
  })

  it('is not reduced by 1 % of loss, and falls at 15 % (BWE-94)', () => {
    const media = (estimate: number) => Math.min(estimate, 2 * mbit)
    const light = new ViewerWorld({ rate: 20 * mbit, start: 2 * mbit, loss: 0.01, media })
    expect(percentile(estimates(light.run(60_000).samples), 0)).toBeGreaterThanOrEqual(2 * mbit)
    const heavy = new ViewerWorld({ rate: 20 * mbit, start: 2 * mbit, loss: 0.15, media })
    expect(heavy.run(10_000).estimator.estimate).toBeLessThan(mbit)
    expect(heavy.estimator.lossFraction).toBeGreaterThan(0.05)
  })

  it('takes jitter of ±20 ms for no overuse (BWE-95)', () => {
    const media = (estimate: number) => Math.min(estimate, 2 * mbit)
    const world = new ViewerWorld({ rate: 20 * mbit, start: 2 * mbit, jitter: 40, media })
    const { samples } = world.run(60_000)
    const flags = samples.filter(({ state }, i) => {
      return state === 'overuse' && samples[i - 1]?.state !== 'overuse'
    })
    expect(flags.length).toBeLessThanOrEqual(1)
    expect(percentile(estimates(samples), 0)).toBeGreaterThanOrEqual(2 * mbit)
  })

  it('takes a keyframe of ten frames for no overuse (BWE-71)', () => {
    const world = new ViewerWorld({
      rate: 20 * mbit,
      start: 3 * mbit,
      media: (estimate) => Math.min(estimate, 2 * mbit),
      keyframes: { every: 60, factor: 10 },
    }).run(60_000)
    expect(world.samples.filter(({ state }) => state === 'overuse')).toEqual([])
    expect(percentile(estimates(world.samples), 0)).toBeGreaterThanOrEqual(3 * mbit)
  })
})
