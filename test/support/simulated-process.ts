// npm run simulate -- [small|large] [seed …] [--unnamed]: the tables of docs/scale.md.
// With --unnamed no request names the parent that was lost.
import { largeCluster, type OrdealReport, ordeals, smallCluster } from './simulated-ordeals.ts'

const words = process.argv.slice(2)
const size = words.includes('small') ? smallCluster : largeCluster
const seeds = words.map(Number).filter((seed) => !Number.isNaN(seed))
const namesLost = !words.includes('--unnamed')

type Figures = OrdealReport['figures']
type Spread = Figures['linkMbits']
type Times = Figures['reattached']

const rows: readonly (readonly [string, (figures: Figures) => string | number])[] = [
  ['carriers at depth 0, 1, 2, 3, 4', ({ depths }) => depths.join(', ')],
  ['largest fan-out of a stream at a node', ({ largestFanOut }) => largestFanOut],
  ['viewers of an edge, mean and max', ({ viewersPerEdge }) => spread(viewersPerEdge)],
  ['children of a relay, mean and max', ({ childrenPerRelay }) => spread(childrenPerRelay)],
  ['Mbit/s of a link, mean and max', ({ linkMbits }) => spread(linkMbits)],
  ['Mbit/s out of a node, mean and max', ({ nodeOutMbits }) => spread(nodeOutMbits)],
  ['streams carried between regions', ({ crossings }) => crossings],
  ['branches that lost their parent', ({ reattached }) => reattached.count],
  ['until they had another, p50, p95, max', ({ reattached }) => times(reattached)],
  ['branches that lost their publisher', ({ followed }) => followed.count],
  ['until they had the next, p50, p95, max', ({ followed }) => times(followed)],
  ['new branches', ({ begun }) => begun.count],
  ['until they had a parent, p50, p95, max', ({ begun }) => times(begun)],
  ['moved to a better parent', ({ moves }) => moves],
  ['subscribe requests', ({ requests }) => requests],
  ['to one node in a second, most', ({ peakRequests }) => peakRequests],
  ['viewers that join at one edge in a second, most', ({ peakJoins }) => peakJoins],
  ['circles; longest', (of) => `${of.cycles}; ${Math.round(of.longestCycle)} ms`],
  ['publishers overtaken', ({ overtaken }) => overtaken],
  [
    'viewers unplaced, cut off; links not understood',
    (of) => [of.unplaced, of.cutOff, of.misunderstood].join(', '),
  ],
]

for (const seed of seeds.length > 0 ? seeds : [7]) {
  process.stdout.write(`\nseed ${seed}: ${JSON.stringify({ ...size, namesLost })}\n\n`)
  const reports: OrdealReport[] = []
  for (const report of ordeals({ size, seed, namesLost })) {
    reports.push(report)
    const faults = report.faults.length > 0 ? report.faults.join('; ') : 'no fault'
    process.stderr.write(`${report.what}: ${faults}\n`)
  }
  writeRow('', ({ what }) => what)
  writeRow('---', () => '---')
  for (const [name, value] of rows) writeRow(name, ({ figures }) => value(figures))

  function writeRow(name: string, value: (report: OrdealReport) => string | number): void {
    process.stdout.write(`| ${[name, ...reports.map(value)].join(' | ')} |\n`)
  }
}

function spread({ mean, max }: Spread): string {
  return `${mean}, ${max}`
}

function times({ count, p50, p95, max }: Times): string {
  return count === 0
    ? ''
    : `${[p50, p95, max].map((time) => (time / 1000).toFixed(2)).join(', ')} s`
}
