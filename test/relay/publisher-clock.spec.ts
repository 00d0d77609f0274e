import { describe, expect, it } from 'vitest'
import { PublisherClock } from '#relay/publisher-clock.ts'

describe('the time base of a publisher (DESIGN §6.5)', () => {
  it('is its NTP clock, moved onto ours by its first report', () => {
    const clock = new PublisherClock()
    expect(clock.fromReport(9000, 50_000, 1_000_000)).toEqual({
      rtpTimestamp: 9000,
      wall: 1_000_000,
    })
  })

  it('stays: what a later report says of another track is kept to the millisecond', () => {
    const clock = new PublisherClock()
    clock.fromReport(9000, 50_000, 1_000_000)
    // It arrives 300 ms late, and that is no reason to move sound against picture.
    expect(clock.fromReport(48_000, 50_040, 1_000_340)).toEqual({
      rtpTimestamp: 48_000,
      wall: 1_000_040,
    })
  })
})
