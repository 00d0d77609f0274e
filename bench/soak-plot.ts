// Draws the samples of a long run of the load tool: node bench/soak-plot.ts soak.json soak.svg
import { readFileSync, writeFileSync } from 'node:fs'
import type { Sample } from '#load/run-meter.ts'

interface Curve {
  readonly name: string
  readonly colour: string
  readonly of: (sample: Sample) => number | undefined
}

interface Panel {
  readonly title: string
  /** Values beyond are drawn at the edge. */
  readonly limit?: number
  readonly curves: readonly Curve[]
}

const [blue, orange, grey] = ['#1f6feb', '#d9730d', '#57606a'] as const
const panels: readonly Panel[] = [
  {
    title: 'resident memory of the node, MiB',
    curves: [{ name: 'RSS', colour: blue, of: ({ server }) => server && server.rss / 2 ** 20 }],
  },
  {
    title: 'open files of the node',
    curves: [{ name: 'files', colour: blue, of: ({ server }) => server?.descriptors }],
  },
  {
    title: 'latency from capture, ms, cut at 100',
    limit: 100,
    curves: [
      { name: 'p50', colour: blue, of: ({ latency }) => latency?.p50 },
      { name: 'p99', colour: orange, of: ({ latency }) => latency?.p99 },
    ],
  },
  {
    title: 'viewers; packets not come, in hundredths of a percent',
    curves: [
      { name: 'viewers', colour: grey, of: ({ viewers }) => viewers },
      { name: 'lost', colour: orange, of: ({ lossPercent }) => lossPercent * 100 },
    ],
  },
]

const width = 760
const height = 130
const left = 60
const top = 26

const [from, to] = process.argv.slice(2)
if (!from || !to) {
  process.stderr.write('usage: node bench/soak-plot.ts RUN.json PLOT.svg\n')
  process.exit(2)
}
const { samples } = JSON.parse(readFileSync(from, 'utf8')) as { samples: readonly Sample[] }
const seconds = Math.max(...samples.map(({ at }) => at))
const drawn = panels.map((panel, i) => panelSvg(panel, i * (height + top + 18)))
const total = panels.length * (height + top + 18) + 20
writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width + left + 20}" height="${total}" ` +
    'font-family="sans-serif" font-size="12">' +
    '<title>Memory, files, latency and loss of a long run</title>' +
    `<rect width="100%" height="100%" fill="white"/>${drawn.join('')}` +
    `<text x="${left}" y="${total - 6}">0</text>` +
    `<text x="${left + width}" y="${total - 6}" text-anchor="end">${Math.round(seconds / 60)} min` +
    '</text></svg>\n',
)

function panelSvg({ title, limit = Number.POSITIVE_INFINITY, curves }: Panel, y: number): string {
  const values = curves.flatMap(({ of }) => samples.map((sample) => of(sample) ?? 0))
  const most = Math.min(limit, Math.max(1, ...values) * 1.1)
  const lines = curves.map(({ of, colour }) => {
    const points = samples.flatMap((sample) => {
      const value = of(sample)
      if (value === undefined) return []
      const x = left + (sample.at / seconds) * width
      return [
        `${x.toFixed(1)},${(y + top + height - (Math.min(value, most) / most) * height).toFixed(1)}`,
      ]
    })
    return `<polyline fill="none" stroke="${colour}" points="${points.join(' ')}"/>`
  })
  const names = curves.map(({ name, colour }) => `<tspan fill="${colour}"> ${name}</tspan>`)
  return (
    `<text x="${left}" y="${y + top - 8}">${title}:${names.join('')}</text>` +
    `<text x="${left - 6}" y="${y + top + 10}" text-anchor="end">${most.toPrecision(3)}</text>` +
    `<text x="${left - 6}" y="${y + top + height}" text-anchor="end">0</text>` +
    `<rect x="${left}" y="${y + top}" width="${width}" height="${height}" fill="none" ` +
    `stroke="#d0d7de"/>${lines.join('')}`
  )
}
