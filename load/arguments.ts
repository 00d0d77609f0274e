import { parseArgs } from 'node:util'
import { messageOf } from '#core/errors.ts'

/** A command line that cannot be obeyed; the message says what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Limits on a run's figures, in ms and percent; what is past one ends the tool with code 1. */
export interface Thresholds {
  readonly joinP50: number | undefined
  readonly joinP95: number | undefined
  readonly liveP95: number | undefined
  readonly lossPercent: number | undefined
  /** Sessions that may fail. */
  readonly failures: number
}

export interface ViewCommand {
  readonly kind: 'view'
  readonly url: string
  readonly token: string | undefined
  readonly viewers: number
  /** Viewers started per second. */
  readonly ramp: number
  /** Seconds from the start of the last viewer. */
  readonly duration: number
  readonly json: string | undefined
  readonly thresholds: Thresholds
}

export interface PublishCommand {
  readonly kind: 'publish'
  /** One per stream. */
  readonly urls: readonly string[]
  readonly token: string | undefined
  readonly clip: string | undefined
  readonly frameRate: number | undefined
  /** Seconds. */
  readonly keyframeInterval: number | undefined
  /** Seconds; undefined means until Ctrl-C. */
  readonly duration: number | undefined
  readonly json: string | undefined
}

export type LoadCommand = { readonly kind: 'help' } | ViewCommand | PublishCommand

export const limits = { viewers: 5000, streams: 200, ramp: 1000, seconds: 86_400 } as const

const options = {
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string' },
  token: { type: 'string' },
  duration: { type: 'string' },
  json: { type: 'string' },
  viewers: { type: 'string' },
  ramp: { type: 'string' },
  'max-join-p50': { type: 'string' },
  'max-join-p95': { type: 'string' },
  'max-live-p95': { type: 'string' },
  'max-loss': { type: 'string' },
  'max-failures': { type: 'string' },
  publish: { type: 'boolean' },
  streams: { type: 'string' },
  clip: { type: 'string' },
  'frame-rate': { type: 'string' },
  'keyframe-interval': { type: 'string' },
} as const

type Values = Readonly<Partial<Record<keyof typeof options, string | boolean>>>

const viewOnly = [
  'viewers',
  'ramp',
  'max-join-p50',
  'max-join-p95',
  'max-live-p95',
  'max-loss',
  'max-failures',
] as const
const publishOnly = ['streams', 'clip', 'frame-rate', 'keyframe-interval'] as const

/** @throws UsageError */
export function parseLoadArguments(args: readonly string[]): LoadCommand {
  const values = parse(args)
  if (values.help) return { kind: 'help' }
  const url = httpUrl(values)
  return values.publish ? publishCommand(values, url) : viewCommand(values, url)
}

function viewCommand(values: Values, url: string): ViewCommand {
  refuse(values, publishOnly, 'belongs to --publish: add that, or leave this out')
  return {
    kind: 'view',
    url,
    token: text(values, 'token'),
    viewers: integer(values, 'viewers', 1, limits.viewers) ?? 1,
    ramp: number(values, 'ramp', 0.1, limits.ramp) ?? 10,
    duration: number(values, 'duration', 1, limits.seconds) ?? 15,
    json: text(values, 'json'),
    thresholds: {
      joinP50: number(values, 'max-join-p50', 0, 60_000),
      joinP95: number(values, 'max-join-p95', 0, 60_000),
      liveP95: number(values, 'max-live-p95', 0, 60_000),
      lossPercent: number(values, 'max-loss', 0, 100),
      failures: integer(values, 'max-failures', 0, limits.viewers) ?? 0,
    },
  }
}

function publishCommand(values: Values, url: string): PublishCommand {
  refuse(values, viewOnly, 'is for viewers: leave it out, or leave --publish out')
  const streams = integer(values, 'streams', 1, limits.streams) ?? 1
  return {
    kind: 'publish',
    urls: streamUrls(url, streams),
    token: text(values, 'token'),
    clip: text(values, 'clip'),
    frameRate: number(values, 'frame-rate', 1, 120),
    keyframeInterval: number(values, 'keyframe-interval', 0.1, 60),
    duration: number(values, 'duration', 1, limits.seconds),
    json: text(values, 'json'),
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
