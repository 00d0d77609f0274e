import { describe, expect, it } from 'vitest'
import { ReportedEstimate } from '#rtp/congestion/reported-estimate.ts'

const start = 1_000_000
const plenty = 20_000_000

/** Reports once a second. */
function reported(estimate: ReportedEstimate, fraction: number, seconds: number, from = 0): number {
  for (let i = 0; i < seconds; i++) estimate.loss(fraction, plenty, from + i * 1000)
  return estimate.estimate
}

const opened = () => new ReportedEstimate({ start, minimum: 50_000 })

describe('an estimate from reports alone (BWE-89)', () => {
  it('grows by 8 % a report while hardly anything is lost (BWE-40)', () => {
    expect(reported(opened(), 0.01, 2)).toBeCloseTo((start * 1.08 + 1000) * 1.08 + 1000)
  })

  it('stays at some loss (BWE-41), and falls by half of what is much (BWE-42)', () => {
    const estimate = opened()
    expect(reported(estimate, 0.05, 10)).toBe(start)
    expect(reported(estimate, 0.2, 1, 10_000)).toBe(start * 0.9)
    expect(estimate.state).toBe('overuse')
  })

  it('falls no further than its minimum, and grows no further than is useful', () => {
    const estimate = opened()
    expect(reported(estimate, 1, 30)).toBe(50_000)
    const other = opened()
    for (let at = 0; at < 60_000; at += 1000) other.loss(0, 1_500_000, at)
    expect(other.estimate).toBeLessThan(1_500_000 * 1.09)
  })

  it('changes once however many reports come at a time', () => {
    const estimate = opened()
    for (let i = 0; i < 10; i++) estimate.loss(0.5, plenty, i)
    expect(estimate.estimate).toBe(start * 0.75)
  })

  it('is the receiver’s own where that is told, for as long as it is', () => {
    const estimate = opened()
    estimate.receiverEstimate(300_000, 0)
    expect(reported(estimate, 0, 3)).toBe(300_000)
    estimate.receiverEstimate(4_000_000, 3000)
    expect(reported(estimate, 0, 1, 3000)).toBe(4_000_000)
    estimate.receiverEstimate(100_000, 4000)
    expect(reported(estimate, 0.05, 1, 20_000)).toBe(4_000_000)
  })

  it('is no more than is of use, whatever the receiver says: replays go by it', () => {
    const estimate = opened()
    estimate.receiverEstimate(2e24, 0)
    expect(reported(estimate, 0, 3)).toBe(plenty)
  })
})
