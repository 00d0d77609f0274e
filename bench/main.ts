import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Figure, figureTable } from './figure.ts'

interface Bench {
  /** @param options `isShort`: to see that it runs, in seconds, where the bench knows how */
  run(options: { isShort: boolean }): Promise<Figure[]> | Figure[]
}

/** What can be measured, in the order of a full run. Loaded when asked for. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  parse: () => import('./parse.bench.ts'),
  stun: () => import('./stun.bench.ts'),
  dtls: () => import('./dtls.bench.ts'),
  twin: () => import('./twin.bench.ts'),
  fanout: () => import('./fanout.bench.ts'),
  receive: () => import('./receive.bench.ts'),
  hop: () => import('./hop.bench.ts'),
  replay: () => import('./replay.bench.ts'),
  scaling: () => import('./scaling.bench.ts'),
  viewers: () => import('./viewers.bench.ts'),
  latency: () => import('./latency.bench.ts'),
  joins: () => import('./joins.bench.ts'),
  blocked: () => import('./blocked.bench.ts'),
}

const isShort = process.argv.includes('--short')
const asked = process.argv.slice(2).filter((word) => word !== '--short')
const unknown = asked.filter((name) => !(name in benches))
if (unknown.length > 0) {
  process.stderr.write(
    `no bench "${unknown.join('", "')}": npm run bench -- ${Object.keys(benches).join(' | ')}\n`,
  )
  process.exit(1)
}

const folder = resolve(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  const figures = await (await benches[name]!()).run({ isShort })
  process.stdout.write(`\n${name}\n${figureTable(figures)}\n`)
  writeFileSync(resolve(folder, `${name}.json`), `${JSON.stringify(figures, undefined, 2)}\n`)
}
