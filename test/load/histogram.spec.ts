import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Histogram } from '#load/histogram.ts'
import { percentiles } from '#load/percentiles.ts'

const values = fc.array(fc.double({ min: 0.01, max: 99_000, noNaN: true }), { minLength: 1 })

describe('a histogram', () => {
  it('knows percentiles to 2 %, and the ends exactly', () => {
    fc.assert(
      fc.property(values, (all) => {
        const histogram = new Histogram()
        for (const value of all) histogram.add(value)
        const exact = percentiles(all)!
        const found = histogram.percentiles!
        expect(found.count).toBe(exact.count)
        expect(found.max).toBe(exact.max)
        expect(histogram.min).toBe(Math.min(...all))
        for (const rank of ['p50', 'p95', 'p99'] as const) {
          expect(Math.abs(found[rank] / exact[rank] - 1)).toBeLessThan(0.02)
        }
      }),
    )
  })

  it('takes over what another one holds', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const [both, first, second] = [new Histogram(), new Histogram(), new Histogram()]
        for (const value of [...one, ...other]) both.add(value)
        for (const value of one) first.add(value)
        for (const value of other) second.add(value)
        first.merge(second)
        expect(first.percentiles).toEqual(both.percentiles)
        expect(first.min).toBe(both.min)
      }),
    )
  })

  it('has room for what is negative or beyond its end', () => {
    const histogram = new Histogram()
    for (const value of [-5, 1e9]) histogram.add(value)
    expect(histogram.percentiles).toMatchObject({ count: 2, max: 1e9 })
    expect(histogram.min).toBe(-5)
  })

  it('says nothing of nothing', () => {
    expect(new Histogram().percentiles).toBeUndefined()
  })
})
