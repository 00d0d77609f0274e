import { parseArgs } from 'node:util'
import { messageOf } from '#core/errors.ts'
import type { CommonOptions, LoadCommand, PublishCommand, ViewCommand } from './commands.ts'
import { maxLayers, type PublisherKind, publisherKinds } from './publisher-layers.ts'

/** A command line that cannot be obeyed; the message says what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const limits = {
  viewers: 5000,
  streams: 200,
  layers: maxLayers,
  /** Kbit/s, least and most. */
  bitrate: [20, 50_000],
  ramp: 1000,
  churn: 100,
  seconds: 86_400,
  /** Points of the curves, and viewers that come in all of a run: each takes memory. */
  samples: 20_000,
  comings: 200_000,
} as const

const options = {
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string' },
  token: { type: 'string' },
  duration: { type: 'string' },
  json: { type: 'string' },
  viewers: { type: 'string' },
  ramp: { type: 'string' },
  storm: { type: 'string' },
  churn: { type: 'string' },
  leave: { type: 'string' },
  follow: { type: 'boolean' },
  decrypt: { type: 'string' },
  pid: { type: 'string' },
  sample: { type: 'string' },
  insecure: { type: 'boolean' },
  ca: { type: 'string' },
  'no-native': { type: 'boolean' },
  'max-join-p50': { type: 'string' },
  'max-join-p95': { type: 'string' },
  'max-live-p95': { type: 'string' },
  'max-loss': { type: 'string' },
  'max-latency-p99': { type: 'string' },
  'max-freezes': { type: 'string' },
  'max-freeze': { type: 'string' },
  'max-troubles': { type: 'string' },
  'max-cpu-us': { type: 'string' },
  'max-failures': { type: 'string' },
  publish: { type: 'boolean' },
  streams: { type: 'string' },
  clip: { type: 'string' },
  'frame-rate': { type: 'string' },
  'keyframe-interval': { type: 'string' },
  layers: { type: 'string' },
  bitrates: { type: 'string' },
  as: { type: 'string' },
} as const

type Values = Readonly<Partial<Record<keyof typeof options, string | boolean>>>

const viewOnly = [
  'viewers',
  'ramp',
  'storm',
  'churn',
  'leave',
  'follow',
  'decrypt',
  'pid',
  'sample',
  'max-join-p50',
  'max-join-p95',
  'max-live-p95',
  'max-loss',
  'max-latency-p99',
  'max-freezes',
  'max-freeze',
  'max-troubles',
  'max-cpu-us',
  'max-failures',
] as const
const publishOnly = [
  'streams',
  'clip',
  'frame-rate',
  'keyframe-interval',
  'layers',
  'bitrates',
  'as',
] as const

/** @throws UsageError */
export function parseLoadArguments(args: readonly string[]): LoadCommand {
  const values = parse(args)
  if (values.help) return { kind: 'help' }
  const url = httpUrl(values)
  return values.publish ? publishCommand(values, url) : viewCommand(values, url)
}

function viewCommand(values: Values, url: string): ViewCommand {
  refuse(values, publishOnly, 'belongs to --publish: add that, or leave this out')
  const command: ViewCommand = {
    kind: 'view',
    url,
    ...common(values),
    viewers: integer(values, 'viewers', 1, limits.viewers) ?? 1,
    ramp: number(values, 'ramp', 0.1, limits.ramp) ?? 10,
    duration: number(values, 'duration', 1, limits.seconds) ?? 15,
    storm: integer(values, 'storm', 1, limits.viewers) ?? 0,
    churn: number(values, 'churn', 0.01, limits.churn),
    leave: number(values, 'leave', 0.01, limits.churn),
    follow: values.follow === true,
    decrypt: integer(values, 'decrypt', 1, limits.viewers),
    pid: integer(values, 'pid', 1, 2 ** 22),
    sample: number(values, 'sample', 0.1, 3600),
    thresholds: {
      joinP50: number(values, 'max-join-p50', 0, 60_000),
      joinP95: number(values, 'max-join-p95', 0, 60_000),
      liveP95: number(values, 'max-live-p95', 0, 60_000),
      lossPercent: number(values, 'max-loss', 0, 100),
      latencyP99: number(values, 'max-latency-p99', 0, 60_000),
      freezes: integer(values, 'max-freezes', 0, 1_000_000),
      longestFreeze: number(values, 'max-freeze', 0, 3_600_000),
      troubles: integer(values, 'max-troubles', 0, 1_000_000),
      cpuPerPacket: number(values, 'max-cpu-us', 0, 10_000),
      failures: integer(values, 'max-failures', 0, limits.viewers) ?? 0,
    },
  }
  refuseTooMuch(command)
  return command
}

function refuseTooMuch(command: ViewCommand): void {
  const { viewers, storm, churn, leave, follow, duration, sample, pid, thresholds } = command
  if (churn !== undefined && leave !== undefined) {
    throw new UsageError('--churn replaces who leaves and --leave does not: give one of them')
  }
  if (viewers + storm > limits.viewers) {
    throw new UsageError(`--viewers and --storm together may be ${limits.viewers}`)
  }
  if ((churn ?? 0) * duration > limits.comings) {
    throw new UsageError(`--churn ${churn} for ${duration} s: ${limits.comings} may come in a run`)
  }
  if (sample !== undefined && duration / sample > limits.samples) {
    throw new UsageError(`--sample ${sample}: a run may have ${limits.samples} samples`)
  }
  if (thresholds.cpuPerPacket !== undefined && pid === undefined) {
    throw new UsageError("--max-cpu-us needs --pid: the number of the server's process")
  }
  if (thresholds.troubles !== undefined && !follow) {
    throw new UsageError('--max-troubles needs --follow: without it a viewer fails with the first')
  }
}

function publishCommand(values: Values, url: string): PublishCommand {
  refuse(values, viewOnly, 'is for viewers: leave it out, or leave --publish out')
  const streams = integer(values, 'streams', 1, limits.streams) ?? 1
  const layers = integer(values, 'layers', 1, limits.layers) ?? 1
  return {
    kind: 'publish',
    urls: streamUrls(url, streams),
    ...common(values),
    clip: text(values, 'clip'),
    frameRate: number(values, 'frame-rate', 1, 120),
    keyframeInterval: number(values, 'keyframe-interval', 0.1, 60),
    layers,
    bitrates: bitrates(values, layers),
    as: publisherKind(values),
    duration: number(values, 'duration', 1, limits.seconds),
  }
}

function bitrates(values: Values, layers: number): number[] | undefined {
  const given = text(values, 'bitrates')
  if (given === undefined) return undefined
  const rates = given.split(',').map(Number)
  const [least, most] = limits.bitrate
  if (rates.length === layers && rates.every((rate) => rate >= least && rate <= most)) return rates
  throw new UsageError(
    `--bitrates ${given}: give ${layers}, one for each of --layers, from ${least} to ${most}`,
  )
}

function publisherKind(values: Values): PublisherKind {
  const given = text(values, 'as') ?? 'obs'
  const kind = publisherKinds.find((known) => known === given)
  if (kind) return kind
  throw new UsageError(`--as ${given}: give one of ${publisherKinds.join(', ')}`)
}

function common(values: Values): CommonOptions {
  return {
    token: text(values, 'token'),
    json: text(values, 'json'),
    insecure: values.insecure === true,
    ca: text(values, 'ca'),
    native: values['no-native'] !== true,
  }
}

/** The same URL for one stream; for more, `{n}` or else the end of the path gets the number. */
export function streamUrls(url: string, streams: number): string[] {
  const marked = url.replaceAll(/%7Bn%7D/gi, '{n}')
  if (marked.includes('{n}')) {
    return Array.from({ length: streams }, (_, i) => marked.replaceAll('{n}', String(i + 1)))
  }
  if (streams === 1) return [url]
  return Array.from({ length: streams }, (_, i) => {
    const numbered = new URL(url)
    numbered.pathname += `-${i + 1}`
    return numbered.href
  })
}

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new UsageError(`${messageOf(cause).split('. ')[0]!}. See --help.`, { cause })
  }
}

function httpUrl(values: Values): string {
  const given = text(values, 'url')
  const example = values.publish ? 'whip/demo' : 'whep/demo'
  if (!given) throw new UsageError(`--url is missing: try --url http://127.0.0.1:8080/${example}`)
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href
  throw new UsageError(`--url ${given} is no http:// or https:// address`)
}

function text(values: Values, name: keyof Values): string | undefined {
  const value = values[name]
  if (value === '') throw new UsageError(`--${name} is empty: give it a value, or leave it out`)
  return typeof value === 'string' ? value : undefined
}

function number(values: Values, name: keyof Values, min: number, max: number): number | undefined {
  const given = text(values, name)
  if (given === undefined) return undefined
  const value = Number(given)
  if (value >= min && value <= max) return value
  throw new UsageError(`--${name} ${given}: give a number from ${min} to ${max}`)
}

function integer(values: Values, name: keyof Values, min: number, max: number): number | undefined {
  const value = number(values, name, min, max)
  if (value === undefined || Number.isInteger(value)) return value
  throw new UsageError(`--${name} ${value}: give a whole number from ${min} to ${max}`)
}

function refuse(values: Values, names: readonly (keyof Values)[], why: string): void {
  const found = names.find((name) => values[name] !== undefined)
  if (found) throw new UsageError(`--${found} ${why}`)
}
