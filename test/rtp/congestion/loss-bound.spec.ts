import { describe, expect, it } from 'vitest'
import { LossBound } from '#rtp/congestion/loss-bound.ts'

const unbounded = 100_000_000
const roundTrip = 100

/** A bound of 1 Mbit/s at 5 s, past its start, that has heard of one loss. */
function settled(): LossBound {
  const bound = new LossBound(1_000_000, 50_000)
  bound.count(99, 1, 0)
  bound.count(0, 0, 200)
  bound.update(1_000_000, roundTrip, 0)
  bound.update(1_000_000, roundTrip, 5000)
  return bound
}

/** Tells of these packets. @returns the target in bits per second, 200 ms later */
function tell(bound: LossBound, received: number, lost: number, now: number): number {
  bound.count(received, lost, now)
  bound.update(unbounded, roundTrip, now + 200)
  return bound.target
}

describe('the bound by loss (BWE-39..45)', () => {
  it('grows by 8 % of the least in a second while no more than 2 % are lost (BWE-40)', () => {
    const bound = settled()
    expect(tell(bound, 98, 2, 5000)).toBeCloseTo(1_081_000, 0)
    expect(tell(bound, 98, 2, 5300)).toBeCloseTo(1_081_000, 0)
    expect(tell(bound, 98, 2, 6300)).toBeCloseTo(1_081_000 * 1.08 + 1000, 0)
  })

  it('holds up to 10 % (BWE-41)', () => {
    expect(tell(settled(), 95, 5, 5000)).toBe(1_000_000)
  })

  it('falls by half the loss above, once for each report and 300 ms and a round trip', () => {
    const bound = settled()
    expect(tell(bound, 80, 20, 5000)).toBe(900_000)
    bound.update(unbounded, roundTrip, 5700)
    expect(bound.target).toBe(900_000)
    expect(tell(bound, 80, 20, 5700)).toBe(810_000)
    expect(tell(bound, 80, 20, 5901)).toBe(810_000)
    expect(bound.fraction).toBe(0.2)
  })

  it('judges by 20 packets at least (BWE-39)', () => {
    const bound = settled()
    expect(tell(bound, 10, 9, 5000)).toBe(1_081_000)
    expect(tell(bound, 1, 0, 5300)).toBeLessThan(1_000_000)
  })

  it('follows the delay alone in its first 2 s without loss (BWE-43)', () => {
    const bound = new LossBound(1_000_000, 50_000)
    bound.count(100, 0, 0)
    bound.update(5_000_000, roundTrip, 100)
    expect(bound.target).toBe(5_000_000)
  })

  it('ignores reports that are 6 s old (BWE-44)', () => {
    const bound = settled()
    tell(bound, 50, 50, 5000)
    bound.update(unbounded, roundTrip, 11_200)
    expect(bound.fraction).toBe(0)
    expect(bound.target).toBe(750_000)
  })

  it('is never over what the delay allows, and never under its minimum (BWE-45)', () => {
    const bound = settled()
    bound.update(300_000, roundTrip, 5100)
    expect(bound.target).toBe(300_000)
    bound.update(1000, roundTrip, 5200)
    expect(bound.target).toBe(50_000)
  })

  it('takes back losses that were none', () => {
    const bound = settled()
    bound.count(10, 5, 5000)
    bound.count(15, -5, 5200)
    expect(bound.fraction).toBe(0)
  })
})
