import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentiles } from '#load/percentiles.ts'

describe('percentiles by nearest rank', () => {
  it.each`
    values                                          | expected
    ${[7]}                                          | ${{ count: 1, p50: 7, p95: 7, p99: 7, max: 7 }}
    ${[4, 1, 3, 2]}                                 | ${{ count: 4, p50: 2, p95: 4, p99: 4, max: 4 }}
    ${[100, 9]}                                     | ${{ count: 2, p50: 9, p95: 100, p99: 100, max: 100 }}
    ${Array.from({ length: 100 }, (_, i) => i + 1)} | ${{ count: 100, p50: 50, p95: 95, p99: 99, max: 100 }}
  `('of $values', ({ values, expected }) => {
    expect(percentiles(values)).toEqual(expected)
  })

  it('has nothing to say of nothing', () => {
    expect(percentiles([])).toBeUndefined()
  })

  it('names measured values only, in order', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(durations, (values) => {
        const { p50, p95, p99, max } = percentiles(values)!
        expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].toSorted((a, b) => a - b))
        for (const value of [p50, p95, p99, max]) expect(values).toContain(value)
        const within = (limit: number) => values.filter((value) => value <= limit).length
        expect(within(p95)).toBeGreaterThanOrEqual(0.95 * values.length)
      }),
    )
  })
})
