import { describe, expect, it } from 'vitest'
import { leadPace, ReplayPace } from '#relay/replay-pace.ts'

/** 5 Mbit/s in bytes per ms. */
const rate = 625
const clean = { received: 50, lost: 0, queueing: 2, delivered: 900 }

function begun(mediaRate = rate): ReplayPace {
  const pace = new ReplayPace()
  pace.begin(mediaRate)
  return pace
}

describe('the pace of a replay (DESIGN §6.6)', () => {
  it('starts at 1.5 times the rate of the media', () => {
    expect(new ReplayPace().begin(rate)).toBe(1.5 * rate)
  })

  it('doubles with each clean report, up to ten times the rate', () => {
    const pace = begun()
    expect(Array.from({ length: 5 }, () => pace.report(clean) / rate)).toEqual([3, 6, 10, 10, 10])
  })

  it('doubles without transport-wide feedback too, on loss alone', () => {
    expect(begun().report({ received: 50, lost: 0 })).toBe(3 * rate)
  })

  it('is never above 50 Mbit/s', () => {
    const pace = begun(4000)
    expect(Array.from({ length: 3 }, () => pace.report(clean))).toEqual([6250, 6250, 6250])
  })

  it('is 1.2 times the rate at least, also when that is above 50 Mbit/s', () => {
    expect(begun(10_000).pace).toBe(12_000)
  })

  it('is 1 Mbit/s at least, for media of which nothing is known yet', () => {
    const pace = begun(0)
    expect(pace.pace).toBe(125)
    expect(pace.report({ received: 0, lost: 50 })).toBe(125)
    expect(pace.report(clean)).toBe(125)
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
    const pace = begun()
    pace.report(clean)
    const before = pace.pace
    expect(pace.report({ received: row.received, lost: row.lost }) / before).toBe(row.factor)
  })
})

describe('a link that cannot keep up', () => {
  it('is met by a longer queue: the pace falls below what comes out of it', () => {
    const pace = begun()
    pace.report(clean)
    pace.report(clean)
    expect(pace.report({ ...clean, queueing: 80, delivered: 1000 })).toBe(850)
  })

  it('a queue of middling length changes nothing', () => {
    const pace = begun()
    expect(pace.report({ ...clean, queueing: 30 })).toBe(1.5 * rate)
  })

  it('a long queue never makes the pace faster', () => {
    expect(begun().report({ ...clean, queueing: 80, delivered: 9000 })).toBe(1.5 * rate)
  })

  it('once met, is approached in small steps, also by the next replay', () => {
    const pace = begun()
    for (let i = 0; i < 3; i++) pace.report(clean)
    const met = pace.report({ ...clean, queueing: 80, delivered: 1000 })
    expect(pace.report(clean) / met).toBeCloseTo(1.1)
    expect(pace.begin(rate)).toBe(met * 1.1)
  })

  it('is spared the fast keyframe of the next replay', () => {
    const pace = begun()
    expect(pace.lead).toBe(leadPace)
    pace.report({ ...clean, queueing: 80, delivered: 700 })
    expect(pace.lead).toBe(pace.pace)
  })

  it('is not asked for less than the media needs', () => {
    expect(begun().report({ ...clean, queueing: 300, delivered: 100 })).toBe(1.2 * rate)
  })
})
