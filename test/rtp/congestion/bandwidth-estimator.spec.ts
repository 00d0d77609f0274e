import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BandwidthEstimator } from '#rtp/congestion/bandwidth-estimator.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'

const quiet: FeedbackDigest = {
  received: 10,
  lost: 0,
  acknowledged: 10_000,
  untold: 0,
  arrivedAt: 0,
  roundTrip: 80,
  queueing: 0,
  groups: new Float64Array(6),
  groupCount: 0,
}
const options = { start: 1_000_000, minimum: 50_000 }

/** An estimator that has sent and heard for a second, until 2000 ms. */
function heard(): BandwidthEstimator {
  const estimator = new BandwidthEstimator(options)
  for (let now = 1000; now <= 2000; now += 100) {
    estimator.sentBytes(now, 125 * now)
    estimator.report({ ...quiet, acknowledged: 12_500, arrivedAt: now }, now)
  }
  return estimator
}

describe('the estimate of a way to a viewer', () => {
  it('starts as told, and paces at 2.5 times (BWE-67)', () => {
    const { estimate, pacing, state, lossFraction } = new BandwidthEstimator(options)
    expect({ estimate, pacing, state, lossFraction }).toEqual({
      estimate: 1_000_000,
      pacing: 312.5,
      state: 'normal',
      lossFraction: 0,
    })
  })

  it('knows the round trip of its reports, 200 ms until there is one (BWE-5, 34)', () => {
    expect(new BandwidthEstimator(options).roundTrip).toBe(200)
    expect(heard().roundTrip).toBe(80)
  })

  it('falls by a fifth each second when reports stop while it sends (BWE-47)', () => {
    const estimator = heard()
    const before = estimator.estimate
    estimator.sentBytes(2900, 400_000)
    estimator.poll(2900)
    expect(estimator.estimate).toBe(before)
    estimator.poll(3000)
    estimator.poll(3900)
    expect(estimator.estimate).toBeCloseTo(before * 0.8, 3)
    estimator.poll(4000)
    expect(estimator.estimate).toBeCloseTo(before * 0.64, 3)
    for (let now = 5000; now < 40_000; now += 1000) estimator.poll(now)
    expect(estimator.estimate).toBe(50_000)
  })

  it('stays while nothing is sent', () => {
    const estimator = heard()
    const before = estimator.estimate
    for (let now = 3000; now < 40_000; now += 1000) {
      estimator.sentBytes(now, 250_000)
      estimator.poll(now)
    }
    expect(estimator.estimate).toBe(before)
  })

  it('falls while reports take over 3 s (BWE-46)', () => {
    const estimator = new BandwidthEstimator(options)
    estimator.report({ ...quiet, roundTrip: 3500 }, 1000)
    const before = estimator.estimate
    estimator.poll(1000)
    expect(estimator.estimate).toBeCloseTo(before * 0.8, 3)
  })

  it('probes nothing before the first report', () => {
    expect(new BandwidthEstimator(options).takeProbe(1000, 5_000_000)).toBeUndefined()
  })

  it('stays finite and within its bounds, whatever it is told', () => {
    const time = fc.double({ min: -1e12, max: 1e12, noNaN: true })
    const count = fc.integer({ min: 0, max: 100_000 })
    const tally = fc.record({
      cluster: fc.integer({ min: 1, max: 15 }),
      packets: count,
      bytes: count,
      firstSentAt: time,
      lastSentAt: time,
      lastSentBytes: count,
      firstArrivedAt: time,
      lastArrivedAt: time,
      firstArrivedBytes: count,
    })
    const digest = fc.record(
      {
        received: count,
        lost: fc.integer({ min: -100_000, max: 100_000 }),
        acknowledged: count,
        untold: count,
        arrivedAt: time,
        roundTrip: fc.double({ min: 0, max: 1e9, noNaN: true }),
        queueing: fc.double({ min: 0, max: 1e9, noNaN: true }),
        delivered: fc.double({ min: 0, max: 1e9, noNaN: true }),
        groups: fc.float64Array({
          minLength: 30,
          maxLength: 30,
          min: -1e12,
          max: 1e12,
          noNaN: true,
        }),
        groupCount: fc.integer({ min: 0, max: 10 }),
        probe: tally,
      },
      {
        requiredKeys: [
          'received',
          'lost',
          'acknowledged',
          'untold',
          'arrivedAt',
          'roundTrip',
          'groups',
          'groupCount',
        ],
      },
    )
    const step = fc.tuple(digest, fc.integer({ min: 0, max: 5000 }), count, count)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const estimator = new BandwidthEstimator({ ...options, maximum: 30_000_000 })
        let now = 0
        let total = 0
        for (const [told, after, bytes, wanted] of steps) {
          now += after
          total += bytes
          estimator.sentBytes(now, total)
          estimator.report(told, now)
          estimator.poll(now)
          const probe = estimator.takeProbe(now, 100 * wanted)
          expect(estimator.estimate).toBeGreaterThanOrEqual(50_000)
          expect(estimator.estimate).toBeLessThanOrEqual(30_000_000)
          expect(estimator.lossFraction).toBeGreaterThanOrEqual(0)
          expect(estimator.lossFraction).toBeLessThanOrEqual(1)
          if (!probe) continue
          expect(probe.cluster).toBeGreaterThanOrEqual(1)
          expect(probe.cluster).toBeLessThanOrEqual(15)
          expect(probe.pace).toBeGreaterThan(0)
          expect(probe.pace).toBeLessThanOrEqual(30_000 / 8)
          expect(probe.bytes).toBeGreaterThanOrEqual(6000)
        }
      }),
    )
  })
})
