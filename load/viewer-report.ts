import type { Thresholds } from './arguments.ts'
import { type Percentiles, percentiles } from './percentiles.ts'
import {
  type JoinPhase,
  joinPhases,
  type ReceptionCounters,
  type ViewerResult,
} from './viewer-result.ts'

/** What a run of viewers came to; also what `--json` writes. */
export interface ViewerReport {
  readonly viewers: number
  /** Viewers that had a picture and kept their session. */
  readonly well: number
  /** Milliseconds from the POST, by phase, over the viewers that reached it. */
  readonly join: Readonly<Partial<Record<JoinPhase, Percentiles>>>
  readonly reception: ReceptionCounters
  /** Share of the expected packets that never came, in percent. */
  readonly lossPercent: number
  /** How many viewers failed, by reason. */
  readonly failures: Readonly<Record<string, number>>
}

export function reportOn(results: readonly ViewerResult[]): ViewerReport {
  const join: Partial<Record<JoinPhase, Percentiles>> = {}
  for (const phase of joinPhases) {
    const times = results.flatMap((result) => result.join[phase] ?? [])
    const found = percentiles(times)
    if (found) join[phase] = found
  }
  const reception = total(results.map((result) => result.reception))
  const failures: Record<string, number> = {}
  for (const { failure } of results) {
    if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1
  }
  const expected = reception.packets + reception.lost
  return {
    viewers: results.length,
    well: results.filter(({ failure }) => failure === undefined).length,
    join,
    reception,
    lossPercent: expected === 0 ? 0 : (100 * reception.lost) / expected,
    failures,
  }
}

/** What the run was not to exceed and did, one sentence each; empty when all is well. */
export function breaches(report: ViewerReport, thresholds: Thresholds): string[] {
  const { join } = report
  const failed = report.viewers - report.well
  const found = [
    failed > thresholds.failures && `${failed} viewers failed, ${thresholds.failures} may`,
    over('join p50', join.keyframe?.p50, thresholds.joinP50, 'ms'),
    over('join p95', join.keyframe?.p95, thresholds.joinP95, 'ms'),
    over('live p95', join.live?.p95, thresholds.liveP95, 'ms'),
    over('loss', report.lossPercent, thresholds.lossPercent, '%'),
  ]
  return found.filter((breach) => breach !== false && breach !== undefined)
}

function over(what: string, value: number | undefined, limit: number | undefined, unit: string) {
  if (limit === undefined) return undefined
  if (value === undefined) return `${what}: nothing was measured, ${limit} ${unit} allowed`
  return value > limit && `${what} is ${value.toFixed(2)} ${unit}, ${limit} allowed`
}

function total(counters: readonly ReceptionCounters[]): ReceptionCounters {
  const sum = (pick: (each: ReceptionCounters) => number) => {
    return counters.reduce((so, each) => so + pick(each), 0)
  }
  return {
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    lost: sum(({ lost }) => lost),
    repaired: sum(({ repaired }) => repaired),
    duplicates: sum(({ duplicates }) => duplicates),
    nacked: sum(({ nacked }) => nacked),
    keyframeRequests: sum(({ keyframeRequests }) => keyframeRequests),
  }
}

const phaseNames: Record<JoinPhase, string> = {
  answer: 'POST answered',
  ice: 'ICE connected',
  dtls: 'DTLS keys agreed',
  firstPacket: 'first video packet',
  keyframe: 'first complete keyframe',
  live: 'live',
}

/** The report for people: a table of join times, then a line each for media and failures. */
export function formatReport(report: ViewerReport): string {
  const rows = joinPhases.map((phase) => row(phaseNames[phase], report.join[phase]))
  const { reception } = report
  const lines = [
    `${report.viewers} viewers, ${report.well} well`,
    '',
    `${'join, ms from the POST'.padEnd(26)}${['p50', 'p95', 'p99', 'max', 'viewers'].map(cell).join('')}`,
    ...rows,
    '',
    `received  ${reception.packets} packets, ${(reception.bytes / 1e6).toFixed(1)} MB, ${reception.duplicates} duplicates`,
    `lost      ${reception.lost} packets (${report.lossPercent.toFixed(3)} %); repaired ${reception.repaired}, asked for ${reception.nacked} times`,
    `keyframes asked for ${reception.keyframeRequests} times`,
    ...Object.entries(report.failures).map(([reason, count]) => `failed    ${count} × ${reason}`),
  ]
  return `${lines.join('\n')}\n`
}

function row(name: string, found: Percentiles | undefined): string {
  const label = `  ${name}`.padEnd(26)
  if (!found) return `${label}${['–', '–', '–', '–', '0'].map(cell).join('')}`
  const { p50, p95, p99, max, count } = found
  const times = [p50, p95, p99, max].map((time) => cell(time.toFixed(0)))
  return `${label}${times.join('')}${cell(String(count))}`
}

function cell(text: string): string {
  return text.padStart(9)
}
