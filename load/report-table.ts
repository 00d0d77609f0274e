import type { Percentiles } from './percentiles.ts'
import type { LatencyFigures, ProcessFigures, ViewerReport } from './viewer-report.ts'
import { type JoinPhase, joinPhases } from './viewer-result.ts'

const phaseNames: Record<JoinPhase, string> = {
  answer: 'POST answered',
  ice: 'ICE connected',
  dtls: 'DTLS keys agreed',
  firstPacket: 'first video packet',
  keyframe: 'first complete keyframe',
  live: 'live',
}

/** The report for people: a table of times, then a line each for media, processes and failures. */
export function formatReport(report: ViewerReport): string {
  const { reception, receiver, dropped } = report
  const lines = [
    `${report.viewers} viewers, ${report.well} well`,
    '',
    head('join, ms from the POST', 'viewers'),
    ...joinPhases.map((phase) => row(phaseNames[phase], report.join[phase], 0)),
    ...cohortRows(report),
    '',
    head('ms', 'count'),
    row(latencyName(report.latency), report.latency, 1),
    row('jitter, by viewer', report.jitter, 1),
    ...followingRows(report),
    '',
    `received  ${reception.packets} packets, ${(reception.bytes / 1e6).toFixed(1)} MB, ${reception.duplicates} duplicates`,
    `lost      ${reception.lost} packets (${report.lossPercent.toFixed(3)} %); repaired ${reception.repaired}, asked for ${reception.nacked} times`,
    pictureLine(report),
    `keyframes asked for ${reception.keyframeRequests} times`,
    steadyLine(report),
    ...(report.server ? [processLine('server', report.server)] : []),
    ...(report.tool ? [processLine('this tool', report.tool)] : []),
    `decrypted ${report.decrypted} of ${report.viewers} viewers in full` +
      (report.undecryptable > 0 ? `; ${report.undecryptable} packets had a wrong tag` : ''),
    receiver.kind === 'native'
      ? 'counted in native code'
      : `counted in TypeScript, at several times the CPU: ${receiver.why}`,
    ...(dropped > 0
      ? [`this tool did not keep up: it lost ${dropped} datagrams, or trains of them, itself`]
      : []),
    ...Object.entries(report.following?.byTrouble ?? {}).map(
      ([what, count]) => `trouble   ${count} × ${what}`,
    ),
    ...Object.entries(report.failures).map(([reason, count]) => `failed    ${count} × ${reason}`),
  ]
  return `${lines.join('\n')}\n`
}

// Only where there is something to compare.
function cohortRows({ joinByCohort }: ViewerReport): string[] {
  const cohorts = Object.entries(joinByCohort)
  if (cohorts.length < 2) return []
  return cohorts.map(([cohort, joins]) => row(`keyframe, ${cohort}`, joins.keyframe, 0))
}

function followingRows({ following, viewers }: ViewerReport): string[] {
  if (!following) return []
  const { sessions, moved, lost, stall } = following
  return [
    row('stood still, sent on', moved, 0),
    row('stood still, lost', lost, 0),
    row('stood still, a session', stall, 0),
    `  ${sessions} sessions of ${viewers} viewers`,
  ]
}

function latencyName(latency: LatencyFigures | undefined): string {
  if (latency?.clock === 'other') return 'latency, if clocks agree'
  return latency?.captureTime === 'sender-reports'
    ? 'latency, by the server'
    : 'latency from capture'
}

function pictureLine({ picture, wholePercent, viewersFrozen }: ViewerReport): string {
  const whole = wholePercent === undefined ? '' : ` (${wholePercent.toFixed(3)} %)`
  const longest = picture.freezes > 0 ? `, the longest ${picture.longestFreeze.toFixed(0)} ms` : ''
  return (
    `frames    ${picture.wholeFrames} of ${picture.frames} whole${whole}; ` +
    `${viewersFrozen} viewers froze ${picture.freezes} times${longest}`
  )
}

function steadyLine({ steady }: ViewerReport): string {
  const { seconds, viewers, packetsPerSecond, bitsPerSecond } = steady
  return (
    `steady    ${seconds.toFixed(1)} s with ${viewers} viewers: ` +
    `${packetsPerSecond.toFixed(0)} packets/s, ${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
  )
}

function processLine(name: string, figures: ProcessFigures): string {
  const { cpuPerPacket, cpuPercent, rssBefore, rssAfter, rssPerViewer } = figures
  const perPacket = cpuPerPacket === undefined ? '–' : cpuPerPacket.toFixed(2)
  const perViewer = rssPerViewer === undefined ? '–' : (rssPerViewer / 1024).toFixed(0)
  const files = figures.descriptors === undefined ? '' : `, ${figures.descriptors} open files`
  return (
    `${name.padEnd(10)}${perPacket} µs of CPU per packet (${cpuPercent.toFixed(0)} % of a core); ` +
    `memory ${mebibytes(rssBefore)} MiB, then ${mebibytes(rssAfter)}: ${perViewer} KiB a viewer; ` +
    `${figures.threads} threads${files}`
  )
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function head(title: string, last: string): string {
  return `${title.padEnd(26)}${['p50', 'p95', 'p99', 'max', last].map(cell).join('')}`
}

function row(name: string, found: Percentiles | undefined, digits: number): string {
  const label = `  ${name}`.padEnd(26)
  if (!found) return `${label}${['–', '–', '–', '–', '0'].map(cell).join('')}`
  const { p50, p95, p99, max, count } = found
  const times = [p50, p95, p99, max].map((time) => cell(time.toFixed(digits)))
  return `${label}${times.join('')}${cell(String(count))}`
}

function cell(text: string): string {
  return text.padStart(9)
}
