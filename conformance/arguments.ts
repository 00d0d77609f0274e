import { parseArgs } from 'node:util'
import { messageOf } from '#core/errors.ts'
import { UsageError } from '#load/arguments.ts'

export interface ConformanceCommand {
  readonly kind: 'run'
  readonly whip: string | undefined
  readonly whep: string | undefined
  readonly publishToken: string | undefined
  readonly playToken: string | undefined
  /** File for the report in Markdown. */
  readonly report: string | undefined
  /** Requests a second. */
  readonly rate: number
  /** Seconds that an answer may take. */
  readonly timeout: number
  readonly insecure: boolean
  readonly ca: string | undefined
}

export const limits = {
  rate: { least: 0.2, most: 100, usual: 4 },
  /** OBS gives up on a POST after as long (INTEROP IO-3). */
  timeout: { least: 0.1, most: 60, usual: 8 },
} as const

const options = {
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string' },
  stream: { type: 'string' },
  whip: { type: 'string' },
  whep: { type: 'string' },
  token: { type: 'string' },
  'publish-token': { type: 'string' },
  'play-token': { type: 'string' },
  report: { type: 'string' },
  rate: { type: 'string' },
  timeout: { type: 'string' },
  insecure: { type: 'boolean' },
  ca: { type: 'string' },
} as const

type Values = Readonly<Partial<Record<keyof typeof options, string | boolean>>>

/** @throws UsageError */
export function parseConformanceArguments(
  args: readonly string[],
): ConformanceCommand | { readonly kind: 'help' } {
  const values = parse(args)
  if (values.help) return { kind: 'help' }
  const token = text(values, 'token')
  return {
    kind: 'run',
    ...endpoints(values),
    publishToken: text(values, 'publish-token') ?? token,
    playToken: text(values, 'play-token') ?? token,
    report: text(values, 'report'),
    rate: number(values, 'rate'),
    timeout: number(values, 'timeout'),
    insecure: values.insecure === true,
    ca: text(values, 'ca'),
  }
}

function endpoints(values: Values): Pick<ConformanceCommand, 'whip' | 'whep'> {
  const base = httpUrl(values, 'url')
  const whip = httpUrl(values, 'whip')
  const whep = httpUrl(values, 'whep')
  const stream = text(values, 'stream')
  if (base === undefined) {
    if (stream !== undefined) throw new UsageError('--stream belongs to --url: add that')
    if (whip !== undefined || whep !== undefined) return { whip, whep }
    throw new UsageError('give --url http://127.0.0.1:8080, or --whip and --whep endpoints')
  }
  if (whip !== undefined || whep !== undefined) {
    throw new UsageError('--url stands for both endpoints: leave --whip and --whep out')
  }
  const root = base.replace(/\/+$/, '')
  const name = encodeURIComponent(stream ?? 'conformance')
  return { whip: `${root}/whip/${name}`, whep: `${root}/whep/${name}` }
}

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new UsageError(`${messageOf(cause).split('. ')[0]!}. See --help.`, { cause })
  }
}

function httpUrl(values: Values, name: 'url' | 'whip' | 'whep'): string | undefined {
  const given = text(values, name)
  if (given === undefined) return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href
  throw new UsageError(`--${name} ${given} is no http:// or https:// address`)
}

function text(values: Values, name: keyof Values): string | undefined {
  const value = values[name]
  if (value === '') throw new UsageError(`--${name} is empty: give it a value, or leave it out`)
  return typeof value === 'string' ? value : undefined
}

function number(values: Values, name: keyof typeof limits): number {
  const given = text(values, name)
  const { least, most, usual } = limits[name]
  if (given === undefined) return usual
  const value = Number(given)
  if (value >= least && value <= most) return value
  throw new UsageError(`--${name} ${given}: give a number from ${least} to ${most}`)
}
