import { describe, expect, it } from 'vitest'
import { ntpFromWall, ntpMiddle, roundTripOf, wallFromNtp } from '#rtp/ntp.ts'

describe('NTP timestamps (RFC 3550 §4)', () => {
  it.each`
    what                    | wall                               | ntp
    ${'the Unix epoch'}     | ${0}                               | ${0x83aa7e80_00000000n}
    ${'half a second'}      | ${500}                             | ${0x83aa7e80_80000000n}
    ${'the NTP wrap, 2036'} | ${Date.UTC(2036, 1, 7, 6, 28, 16)} | ${0n}
  `('converts $what both ways', ({ wall, ntp }) => {
    expect(ntpFromWall(wall)).toBe(ntp)
    expect(wallFromNtp(ntp)).toBe(wall)
  })

  it('keeps a tenth of a millisecond', () => {
    expect(wallFromNtp(ntpFromWall(1_800_000_000_123.4))).toBeCloseTo(1_800_000_000_123.4, 2)
  })

  it('never rounds a fraction up into the next second', () => {
    expect(ntpFromWall(999.999999999)).toBe(0x83aa7e80_ffffffffn)
  })
})

describe('round trip from a report block (RFC 3550 §6.4.1)', () => {
  it('computes the example of figure 2', () => {
    // n = b44db705:20000000, LSR b705:2000, DLSR 0005:4000 (5.25 s), A b710:8000: 6.125 s
    expect(ntpMiddle(0xb44db705_20000000n)).toBe(0xb7052000)
    expect(
      roundTripOf(0xb7108000, {
        lastSenderReport: 0xb7052000,
        delaySinceLastSenderReport: 0x00054000,
      }),
    ).toBe(6125)
  })

  it('has none before the peer saw a sender report', () => {
    const block = { lastSenderReport: 0, delaySinceLastSenderReport: 0 }
    expect(roundTripOf(1, block)).toBeUndefined()
  })

  it('takes 1 ms where coarse clocks give a negative one', () => {
    const block = { lastSenderReport: 0x10000, delaySinceLastSenderReport: 0x200 }
    expect(roundTripOf(0x10100, block)).toBe(1)
  })

  it('survives the wrap of the middle bits', () => {
    const block = { lastSenderReport: 0xffff8000, delaySinceLastSenderReport: 0 }
    expect(roundTripOf(0x8000, block)).toBe(1000)
  })
})
