import { describe, expect, it } from 'vitest'
import { RateControl, type RateInput } from '#rtp/congestion/rate-control.ts'

const input = (acknowledged?: number, extra: Partial<RateInput> = {}): RateInput => ({
  acknowledged,
  roundTrip: 100,
  applicationLimited: false,
  ...extra,
})

/** A control that increases since 1000 ms. */
function increasing(start = 1_000_000, maximum = 10_000_000): RateControl {
  const control = new RateControl(start, 50_000, maximum)
  control.update('normal', input(start), 1000)
  return control
}

describe('the control of the rate (BWE-26..38)', () => {
  it('grows by 8 % a second while the capacity is unknown (BWE-30)', () => {
    const control = increasing()
    control.update('normal', input(1_000_000), 2000)
    expect(control.target).toBeCloseTo(1_080_000, 0)
    control.update('normal', input(1_080_000), 9000)
    expect(control.target).toBeCloseTo(1_080_000 * 1.08, 0)
  })

  it('goes to 85 % of what arrives, less 5 kbit/s, and waits (BWE-27)', () => {
    const control = increasing()
    expect(control.update('overuse', input(900_000), 2000)).toBe(true)
    expect(control.target).toBe(760_000)
    control.update('underuse', input(900_000), 2100)
    control.update('normal', input(900_000), 2200)
    expect(control.target).toBe(760_000)
  })

  it('grows by about a packet per loop near the capacity (BWE-31)', () => {
    const control = increasing()
    control.update('overuse', input(900_000), 2000)
    control.update('normal', input(900_000), 2200)
    control.update('normal', input(900_000), 3200)
    const packet = 760_000 / 30 / 3
    expect(control.target).toBeCloseTo(760_000 + packet / 0.4, 0)
  })

  it('forgets the capacity when more arrives (BWE-32)', () => {
    const control = increasing()
    control.update('overuse', input(900_000), 2000)
    control.update('normal', input(1_200_000), 2200)
    control.update('normal', input(1_200_000), 3200)
    expect(control.target).toBeCloseTo(760_000 * 1.08, 0)
  })

  it('goes down once in a round trip, or when half of it does not arrive (BWE-28)', () => {
    const control = increasing()
    control.update('overuse', input(900_000), 2000)
    expect(control.update('overuse', input(700_000), 2099)).toBe(false)
    expect(control.update('overuse', input(300_000), 2099)).toBe(true)
    expect(control.update('overuse', input(200_000), 2199)).toBe(true)
  })

  it('halves before anything is known to arrive, every 200 ms (BWE-29)', () => {
    const control = increasing()
    control.update('overuse', input(), 1200)
    control.update('overuse', input(), 1300)
    expect(control.target).toBe(500_000)
    control.update('overuse', input(), 1400)
    expect(control.target).toBe(250_000)
  })

  it('never raises at overuse', () => {
    const control = increasing()
    expect(control.update('overuse', input(4_000_000), 2000)).toBe(false)
    expect(control.target).toBe(1_000_000)
  })

  it('grows to 1.5 times of what arrives and 10 kbit/s, and keeps what is more (BWE-33)', () => {
    const control = increasing()
    for (let now = 2000; now < 9000; now += 100) control.update('normal', input(700_000), now)
    expect(control.target).toBe(1_060_000)
    control.set(3_000_000, 9000)
    control.update('normal', input(700_000), 9100)
    expect(control.target).toBe(3_000_000)
  })

  it('does not grow while the application limits the rate (BWE-35)', () => {
    const control = increasing()
    control.update('normal', input(1_000_000, { applicationLimited: true }), 2000)
    expect(control.target).toBe(1_000_000)
  })

  it('stays within its bounds (BWE-38)', () => {
    const control = increasing(1_000_000, 1_050_000)
    control.update('normal', input(1_000_000), 2000)
    expect(control.target).toBe(1_050_000)
    control.update('overuse', input(1000), 3000)
    expect(control.target).toBe(50_000)
  })
})
