import { describe, expect, it } from 'vitest'
import { breaches } from '#load/breaches.ts'
import type { Thresholds } from '#load/commands.ts'
import { Histogram } from '#load/histogram.ts'
import { formatReport } from '#load/report-table.ts'
import type { Mark } from '#load/run-meter.ts'
import { type RunRecord, reportOn } from '#load/viewer-report.ts'
import { nothingReceived, nothingSeen, type ViewerResult } from '#load/viewer-result.ts'

const reception = {
  packets: 990,
  bytes: 1_000_000,
  lost: 10,
  repaired: 5,
  duplicates: 1,
  nacked: 20,
  keyframeRequests: 1,
}
const picture = { frames: 100, wholeFrames: 99, freezes: 1, longestFreeze: 400, frozen: 400 }
const result = (keyframe: number): ViewerResult => ({
  cohort: keyframe === 200 ? 'storm' : 'ramp',
  join: { answer: 5, ice: 10, dtls: 20, firstPacket: 30, keyframe, live: 4 * keyframe },
  reception,
  picture,
  jitter: 2,
  decrypted: keyframe === 40,
  undecryptable: 0,
  failure: undefined,
})
const failed = (failure: string): ViewerResult => ({
  cohort: 'ramp',
  join: {},
  reception: nothingReceived,
  picture: nothingSeen,
  jitter: undefined,
  decrypted: false,
  undecryptable: 0,
  failure,
})
const results = [result(40), result(60), result(200), failed('http 409'), failed('http 409')]

const reading = { cpu: 100, rss: 50 * 2 ** 20, threads: 9, descriptors: 40 }
const mark = (at: number, packets: number, server = reading): Mark => ({
  at,
  viewers: at === 0 ? 0 : 3,
  totals: { packets, bytes: 1000 * packets, lost: 0, freezes: 0 },
  server,
  tool: reading,
})
const latency = new Histogram()
for (const age of [3, 4, 5, 6]) latency.add(age)
const record: RunRecord = {
  results,
  start: mark(0, 0),
  steady: mark(5000, 10_000, { ...reading, cpu: 300 }),
  // 40 ms of CPU for 20,000 packets in 10 s, and 3 MiB for 3 viewers.
  end: mark(15_000, 30_000, { ...reading, cpu: 340, rss: 53 * 2 ** 20 }),
  samples: [],
  latency,
  captureTime: 'marks',
  sameClock: true,
  receiver: { kind: 'native' },
  dropped: 0,
}
const noLimits: Thresholds = {
  joinP50: undefined,
  joinP95: undefined,
  liveP95: undefined,
  lossPercent: undefined,
  latencyP99: undefined,
  freezes: undefined,
  longestFreeze: undefined,
  troubles: undefined,
  cpuPerPacket: undefined,
  failures: 2,
}

describe('a report on viewers', () => {
  it('takes join times of those who came so far, and sums the rest', () => {
    expect(reportOn(record)).toMatchObject({
      viewers: 5,
      well: 3,
      decrypted: 1,
      join: {
        answer: { count: 3, p50: 5, p95: 5, p99: 5, max: 5 },
        keyframe: { count: 3, p50: 60, p95: 200, p99: 200, max: 200 },
        live: { count: 3, p50: 240, p95: 800, p99: 800, max: 800 },
      },
      joinByCohort: {
        ramp: { keyframe: { count: 2, max: 60 } },
        storm: { keyframe: { p50: 200 } },
      },
      reception: { packets: 2970, lost: 30, repaired: 15, keyframeRequests: 3 },
      lossPercent: 1,
      picture: { frames: 300, wholeFrames: 297, freezes: 3, longestFreeze: 400 },
      wholePercent: 99,
      viewersFrozen: 3,
      jitter: { count: 3, p50: 2 },
      latency: { count: 4, min: 3, max: 6, clock: 'same' },
      failures: { 'http 409': 2 },
    })
  })

  it('relates what processes used between two moments to what came between them', () => {
    const { steady, server, tool } = reportOn(record)
    expect(steady).toEqual({
      seconds: 10,
      viewers: 3,
      packets: 20_000,
      packetsPerSecond: 2000,
      bitsPerSecond: 16_000_000,
    })
    expect(server).toEqual({
      cpuPerPacket: 2,
      cpuPercent: 0.4,
      rssBefore: 50 * 2 ** 20,
      rssAfter: 53 * 2 ** 20,
      rssPerViewer: 2 ** 20,
      threads: 9,
      descriptors: 40,
    })
    expect(tool?.cpuPerPacket).toBe(0)
  })

  it('reads as a table', () => {
    const text = formatReport(reportOn(record))
    expect(text).toContain('5 viewers, 3 well')
    expect(text).toMatch(/first complete keyframe +60 +200 +200 +200 +3\n/)
    expect(text).toMatch(/keyframe, storm +200 +200 +200 +200 +1\n/)
    expect(text).toMatch(/lost +30 packets \(1\.000 %\); repaired 15/)
    expect(text).toContain(
      '297 of 300 whole (99.000 %); 3 viewers froze 3 times, the longest 400 ms',
    )
    expect(text).toMatch(/server +2\.00 µs of CPU per packet .* 50 MiB, then 53: 1024 KiB a viewer/)
    expect(text).toContain('counted in native code')
    expect(text).toMatch(/failed +2 × http 409/)
  })

  it('says what is not as good as it could be', () => {
    const worse = formatReport(
      reportOn({
        ...record,
        sameClock: false,
        receiver: { kind: 'typescript', why: 'it is not built' },
        dropped: 7,
      }),
    )
    expect(worse).toContain('latency, if clocks agree')
    expect(worse).toContain('counted in TypeScript, at several times the CPU: it is not built')
    expect(worse).toContain('did not keep up: it lost 7 datagrams')
  })

  it('leaves phases empty that nobody reached', () => {
    const nobody = { ...record, results: [failed('unreachable')] }
    expect(formatReport(reportOn(nobody))).toMatch(/live +– +– +– +– +0\n/)
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
    ${{ latencyP99: 6 }}    | ${[]}
    ${{ latencyP99: 5 }}    | ${['latency p99 is 6.00 ms, 5 allowed']}
    ${{ freezes: 3 }}       | ${[]}
    ${{ freezes: 2 }}       | ${['pictures froze 3 times, 2 allowed']}
    ${{ cpuPerPacket: 2 }}  | ${[]}
    ${{ cpuPerPacket: 1 }}  | ${['CPU per packet is 2.00 µs, 1 allowed']}
  `('says $said for the limit $limit', ({ limit, said }) => {
    expect(breaches(reportOn(record), { ...noLimits, ...limit })).toEqual(said)
  })

  it('does not pass a limit on what was never measured', () => {
    const nothing = reportOn({ ...record, results: [failed('x')], latency: new Histogram() })
    expect(breaches(nothing, { ...noLimits, joinP95: 350, latencyP99: 8 })).toEqual([
      'join p95: nothing was measured, 350 ms allowed',
      'latency p99: nothing was measured, 8 ms allowed',
    ])
  })
})
