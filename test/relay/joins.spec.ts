import { describe, expect, it } from 'vitest'
import { JoinRecord } from '#relay/join-summary.ts'
import { JoinTimes } from '#relay/join-times.ts'

describe('the steps of one join', () => {
  it('are told once each, in ms since the POST', () => {
    const told: [string, number][] = []
    const times = new JoinTimes(1000, (phase, ms) => told.push([phase, ms]))
    times.reached('answer', 1005)
    times.reached('live', 1700)
    times.reached('live', 9000)
    expect(told).toEqual([
      ['answer', 5],
      ['live', 700],
    ])
  })
})

describe('how fast viewers joined', () => {
  it('is nothing before the first', () => {
    expect(new JoinRecord().summary()).toEqual({ count: 0, phases: {} })
  })

  it('is the median and the 95th percentile of each phase, in whole ms', () => {
    const record = new JoinRecord()
    for (let i = 100; i >= 1; i--) {
      record.joined()
      record.reached('first-packet', i + 0.2)
    }
    record.reached('live', 7)
    expect(record.summary()).toEqual({
      count: 100,
      phases: { 'first-packet': { p50: 50, p95: 95 }, live: { p50: 7, p95: 7 } },
    })
  })

  it('is that of the last 200', () => {
    const record = new JoinRecord()
    for (let i = 0; i < 1000; i++) record.reached('live', 5000)
    for (let i = 0; i < 200; i++) record.reached('live', 100)
    expect(record.summary().phases.live).toEqual({ p50: 100, p95: 100 })
  })
})
