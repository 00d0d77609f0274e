import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, SequenceUnwrapper, timestampDistance } from '#rtp/sequence.ts'

describe('sequence number arithmetic (RFC 1982)', () => {
  it.each`
    a        | b        | expected
    ${1}     | ${2}     | ${1}
    ${65535} | ${0}     | ${1}
    ${0}     | ${65535} | ${-1}
    ${0}     | ${32767} | ${32767}
    ${0}     | ${32768} | ${-32768}
  `('lies $expected from $a to $b', ({ a, b, expected }) => {
    expect(distance(a, b)).toBe(expected)
  })

  it('measures timestamps across their wrap', () => {
    expect(timestampDistance(0xffffffff, 2999)).toBe(3000)
    expect(timestampDistance(2999, 0xffffffff)).toBe(-3000)
  })

  it('unwraps any walk of steps shorter than half the circle', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 65535 }),
        fc.array(fc.integer({ min: 0, max: 32767 })),
        (first, steps) => {
          const unwrapper = new SequenceUnwrapper()
          let position = unwrapper.unwrap(first)
          for (const step of steps) {
            expect(unwrapper.unwrap((position + step) & 0xffff)).toBe(position + step)
            position += step
          }
        },
      ),
    )
  })

  it('keeps a packet from before the first positive, and does not step back for it', () => {
    const unwrapper = new SequenceUnwrapper()
    expect([0, 65535, 1].map((n) => unwrapper.unwrap(n))).toEqual([65536, 65535, 65537])
  })
})
