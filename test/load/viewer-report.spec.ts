import { describe, expect, it } from 'vitest'
import type { Thresholds } from '#load/arguments.ts'
import { breaches, formatReport, reportOn } from '#load/viewer-report.ts'
import type { ViewerResult } from '#load/viewer-result.ts'

const reception = {
  packets: 990,
  bytes: 1_000_000,
  lost: 10,
  repaired: 5,
  duplicates: 1,
  nacked: 20,
  keyframeRequests: 1,
}
const result = (keyframe: number): ViewerResult => ({
  join: { answer: 5, ice: 10, dtls: 20, firstPacket: 30, keyframe, live: 4 * keyframe },
  reception,
  failure: undefined,
})
const failed = (failure: string): ViewerResult => ({
  join: {},
  reception: { ...reception, packets: 0, lost: 0 },
  failure,
})
const results = [result(40), result(60), result(200), failed('http 409'), failed('http 409')]
const noLimits: Thresholds = {
  joinP50: undefined,
  joinP95: undefined,
  liveP95: undefined,
  lossPercent: undefined,
  failures: 2,
}

describe('a report on viewers', () => {
  it('takes join times of those who came so far, and sums the rest', () => {
    expect(reportOn(results)).toMatchObject({
      viewers: 5,
      well: 3,
      join: {
        answer: { count: 3, p50: 5, p95: 5, p99: 5, max: 5 },
        keyframe: { count: 3, p50: 60, p95: 200, p99: 200, max: 200 },
        live: { count: 3, p50: 240, p95: 800, p99: 800, max: 800 },
      },
      reception: { packets: 2970, lost: 30, repaired: 25, keyframeRequests: 5 },
      lossPercent: 1,
      failures: { 'http 409': 2 },
    })
  })

  it('reads as a table', () => {
    const text = formatReport(reportOn(results))
    expect(text).toContain('5 viewers, 3 well')
    expect(text).toMatch(/first complete keyframe +60 +200 +200 +200 +3\n/)
    expect(text).toMatch(/lost +30 packets \(1\.000 %\); repaired 25/)
    expect(text).toMatch(/failed +2 × http 409/)
  })

  it('leaves phases empty that nobody reached', () => {
    expect(formatReport(reportOn([failed('unreachable')]))).toMatch(/live +– +– +– +– +0\n/)
  })

  it.each`
    limit                   | said
    ${{}}                   | ${[]}
    ${{ failures: 1 }}      | ${['2 viewers failed, 1 may']}
    ${{ joinP50: 60 }}      | ${[]}
    ${{ joinP50: 59 }}      | ${['join p50 is 60.00 ms, 59 allowed']}
    ${{ joinP95: 199.5 }}   | ${['join p95 is 200.00 ms, 199.5 allowed']}
    ${{ liveP95: 100 }}     | ${['live p95 is 800.00 ms, 100 allowed']}
    ${{ lossPercent: 0.5 }} | ${['loss is 1.00 %, 0.5 allowed']}
    ${{ lossPercent: 1 }}   | ${[]}
  `('says $said for the limit $limit', ({ limit, said }) => {
    expect(breaches(reportOn(results), { ...noLimits, ...limit })).toEqual(said)
  })

  it('does not pass a limit on what was never measured', () => {
    const nothing = reportOn([failed('unreachable')])
    expect(breaches(nothing, { ...noLimits, joinP95: 350 })).toEqual([
      'join p95: nothing was measured, 350 ms allowed',
    ])
  })
})
