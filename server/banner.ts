import type { Sending } from '#native/open-plane.ts'

/** Facts of a started node that its operator needs. */
export interface BannerFacts {
  /** Where clients reach the HTTP server, without a slash at the end; the best first. */
  readonly origins: readonly string[]
  readonly mediaPort: number
  /** Media comes by ICE-TCP as well, on the same number. */
  readonly mediaTcp: boolean
  /** Absent where metrics are not served. */
  readonly metricsOrigin?: string
  /** Absent where anyone may publish. */
  readonly publishKey?: string
  /** Where a generated key is kept; absent for a key of the settings. */
  readonly keyFile?: string
  /** A play token is needed to watch. */
  readonly watchNeedsToken: boolean
  /** The clip plays on this stream. */
  readonly demoStream?: string
  /** How media is sent. */
  readonly sending: Sending
}

/** What `npm start` prints once everything listens: at most 80 columns, short of long keys. */
export function renderBanner(facts: BannerFacts): string {
  const [origin = ''] = facts.origins
  const stream = facts.demoStream ?? 'live'
  // The demo holds its own stream: a broadcaster needs another.
  const own = facts.demoStream === undefined ? stream : 'live'
  const whip = `${origin}/whip/${own}`
  const token = facts.watchNeedsToken ? '?token=…' : ''
  const sections = [
    ['Tailrace is running.'],
    section([
      ['Watch', `${origin}/watch/${stream}${token}`],
      ['Publish', `${origin}/publish   (from a browser)`],
      ['Status', `${origin}/status/${stream}${token}`],
      ...facts.origins.slice(1).map((other): Row => ['Also at', other]),
    ]),
    ['OBS Studio: Settings > Stream', ...section(obsRows(whip, facts.publishKey), '  ')],
    ['ffmpeg (8 or newer), from a file', ...ffmpegLines(whip, facts.publishKey)],
    section([
      ['Ports', `${portOf(origin)}/tcp HTTP, ${mediaPorts(facts)} media (${facts.sending})`],
      ...metricsRow(facts.metricsOrigin),
      ['Key', keyText(facts)],
    ]),
    ...(origin.startsWith('http:') ? [notSecure] : []),
  ]
  return `\n${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function mediaPorts({ mediaPort, mediaTcp }: BannerFacts): string {
  return mediaTcp ? `${mediaPort}/udp+tcp` : `${mediaPort}/udp`
}

type Row = readonly [label: string, value: string]

const notSecure = [
  'Browsers publish over plain HTTP from this machine only; for other hosts set',
  'TAILRACE_TLS_CERT and TAILRACE_TLS_KEY.',
]

function section(rows: readonly Row[], indent = ''): string[] {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2
  return rows.map(([label, value]) => `${indent}${label.padEnd(width)}${value}`)
}

function obsRows(whip: string, key: string | undefined): Row[] {
  return [
    ['Service', 'WHIP'],
    ['Server', whip],
    ['Bearer Token', key ?? '(leave empty)'],
  ]
}

function ffmpegLines(whip: string, key: string | undefined): string[] {
  return [
    '  ffmpeg -re -i FILE -c:v libx264 -bf 0 -g 60 -preset veryfast -c:a libopus \\',
    ...(key === undefined ? [] : [`    -authorization ${key} \\`]),
    `    -ac 2 -f whip ${whip}`,
  ]
}

function metricsRow(origin: string | undefined): Row[] {
  return origin === undefined ? [] : [['Metrics', `${origin}/metrics`]]
}

function keyText({ publishKey, keyFile }: BannerFacts): string {
  if (publishKey === undefined) return 'none: anyone may publish'
  return keyFile === undefined ? 'from the settings' : `kept in ${keyFile}`
}

function portOf(origin: string): string {
  const { port, protocol } = new URL(origin)
  return port || (protocol === 'https:' ? '443' : '80')
}
