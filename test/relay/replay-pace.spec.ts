import { describe, expect, it } from 'vitest'
import { ReplayPace } from '#relay/replay-pace.ts'

/** 5 Mbit/s in bytes per ms. */
const rate = 625

describe('the pace of a replay (DESIGN §6.6)', () => {
  it('starts at 1.5 times the rate of the media', () => {
    expect(new ReplayPace(rate).pace).toBe(1.5 * rate)
  })

  it('doubles with each clean report, up to ten times the rate', () => {
    const pace = new ReplayPace(rate)
    const paces = Array.from({ length: 5 }, () => pace.report(50, 0) / rate)
    expect(paces).toEqual([3, 6, 10, 10, 10])
  })

  it('is never above 50 Mbit/s', () => {
    const pace = new ReplayPace(4000)
    expect(Array.from({ length: 3 }, () => pace.report(50, 0))).toEqual([6250, 6250, 6250])
  })

  it('is 1.2 times the rate at least, also when that is above 50 Mbit/s', () => {
    expect(new ReplayPace(10_000).pace).toBe(12_000)
  })

  it('halves when the link is overrun, and stays above the media’s own rate', () => {
    const pace = new ReplayPace(rate)
    pace.report(50, 0)
    pace.report(50, 0)
    expect(Array.from({ length: 4 }, () => pace.report(90, 10) / rate)).toEqual([3, 1.5, 1.2, 1.2])
  })

  it.each`
    received | lost  | factor | why
    ${97}    | ${3}  | ${2}   | ${'light loss is weather'}
    ${95}    | ${5}  | ${1}   | ${'between the two nothing is known'}
    ${90}    | ${10} | ${0.5} | ${'a tenth is too much'}
    ${3}     | ${1}  | ${1}   | ${'one packet alone proves nothing'}
    ${0}     | ${0}  | ${2}   | ${'an empty report has no loss'}
    ${0}     | ${9}  | ${0.5} | ${'nothing arrives'}
  `('is multiplied by $factor for $received received, $lost lost: $why', (row) => {
    const pace = new ReplayPace(rate)
    pace.report(50, 0)
    const before = pace.pace
    expect(pace.report(row.received, row.lost) / before).toBe(row.factor)
  })

  it('is 1 Mbit/s at least, for media of which nothing is known yet', () => {
    const pace = new ReplayPace(0)
    expect(pace.pace).toBe(125)
    expect(pace.report(0, 50)).toBe(125)
    expect(pace.report(50, 0)).toBe(125)
  })
})
