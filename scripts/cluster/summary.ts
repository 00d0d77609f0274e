import type { ClusterPlan } from './plan.ts'
import type { Role } from './shape.ts'

export interface SummaryFacts {
  readonly plan: ClusterPlan
  readonly publishKey: string
  /** Process ids by the names of programs. */
  readonly pids: ReadonlyMap<string, number>
}

/** What is printed once everything runs: where to publish, where to watch, what to look at. */
export function renderSummary({ plan, publishKey, pids }: SummaryFacts): string {
  const { nodes, programs, absent, ports } = plan
  const url = (role: Role, path: string) => {
    return nodes.filter(({ roles }) => roles.includes(role)).map(({ origin }) => `${origin}${path}`)
  }
  const has = (name: string) => programs.some((program) => program.name === name)
  const sections = [
    [
      'The cluster is running. Ctrl-C ends it.',
      '',
      ...rows([
        ['Publish', ...url('ingest', '/whip/live')],
        ['', `from a browser: ${url('ingest', '/publish')[0]}`],
        ['Key', publishKey],
        ['Watch', ...url('edge', '/watch/live')],
        ['Status', ...url('edge', '/status/live')],
        ...(has('caddy') ? [['Front', `https://localhost:${ports.front}`]] : []),
        ...(has('prometheus') ? [['Prometheus', `http://127.0.0.1:${ports.prometheus}`]] : []),
        ...(has('s3') ? [['S3', `http://127.0.0.1:${ports.s3}`]] : []),
      ]),
    ],
    table([
      ['node', 'region', 'pid', 'HTTP', 'media', 'metrics'],
      ...nodes.map(({ name, region, origin, ports: own, metricsUrl }) => [
        name,
        region,
        String(pids.get(name) ?? ''),
        origin,
        String(own.media),
        metricsUrl,
      ]),
    ]),
    absent.map(({ name, install }) => `No ${name} here; to have it: ${install}`),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return `\n${filled.map((lines) => lines.join('\n')).join('\n\n')}\n\n`
}

// Each further value stands below the first.
function rows(labelled: readonly (readonly string[])[]): string[] {
  const width = Math.max(...labelled.map(([label = '']) => label.length)) + 2
  return labelled.flatMap(([label = '', ...values]) =>
    values.map((value, index) => `${(index === 0 ? label : '').padEnd(width)}${value}`),
  )
}

function table(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]!.length)),
  )
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]! + 2))
      .join('')
      .trimEnd(),
  )
}
