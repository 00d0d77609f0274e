import type { Thresholds } from './commands.ts'
import type { ViewerReport } from './viewer-report.ts'

/** What the run was not to exceed and did, one sentence each; empty when all is well. */
export function breaches(report: ViewerReport, thresholds: Thresholds): string[] {
  const { join, picture } = report
  const failed = report.viewers - report.well
  const found = [
    failed > thresholds.failures && `${failed} viewers failed, ${thresholds.failures} may`,
    over('join p50', join.keyframe?.p50, thresholds.joinP50, 'ms'),
    over('join p95', join.keyframe?.p95, thresholds.joinP95, 'ms'),
    over('live p95', join.live?.p95, thresholds.liveP95, 'ms'),
    over('loss', report.lossPercent, thresholds.lossPercent, '%'),
    over('latency p99', report.latency?.p99, thresholds.latencyP99, 'ms'),
    over('CPU per packet', report.server?.cpuPerPacket, thresholds.cpuPerPacket, 'µs'),
    thresholds.freezes !== undefined &&
      picture.freezes > thresholds.freezes &&
      `pictures froze ${picture.freezes} times, ${thresholds.freezes} allowed`,
    over('longest freeze', picture.longestFreeze, thresholds.longestFreeze, 'ms'),
    thresholds.troubles !== undefined &&
      (report.following?.troubles ?? 0) > thresholds.troubles &&
      `viewers had ${report.following?.troubles} troubles, ${thresholds.troubles} allowed`,
  ]
  return found.filter((breach) => breach !== false && breach !== undefined)
}

function over(what: string, value: number | undefined, limit: number | undefined, unit: string) {
  if (limit === undefined) return undefined
  if (value === undefined) return `${what}: nothing was measured, ${limit} ${unit} allowed`
  return value > limit && `${what} is ${value.toFixed(2)} ${unit}, ${limit} allowed`
}
