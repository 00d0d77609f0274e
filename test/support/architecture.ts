/** One source file: its path from the root of the repository, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

// What each folder may import besides itself: the picture in ARCHITECTURE.md, as code.
const mayImport: Record<string, readonly string[]> = {
  core: [],
  rtp: ['core'],
  native: ['core', 'rtp'],
  control: ['core', 'rtp', 'native'],
  webrtc: ['core', 'rtp', 'native'],
  relay: ['core', 'rtp', 'native', 'control', 'webrtc'],
  ingest: ['core', 'rtp', 'native', 'control', 'webrtc', 'relay'],
  edge: ['core', 'rtp', 'native', 'control', 'webrtc', 'relay'],
  recorder: ['core', 'rtp', 'native', 'control', 'relay'],
  load: ['core', 'rtp', 'native', 'webrtc'],
  server: [
    'core',
    'rtp',
    'native',
    'control',
    'webrtc',
    'relay',
    'ingest',
    'edge',
    'recorder',
    'load',
  ],
  conformance: ['core', 'rtp', 'native', 'webrtc', 'load'],
  player: [],
}

/** The folders that the rules above hold for; `test/` and `bench/` import anything. */
export const layers = Object.keys(mayImport)

// The only places that may touch a socket, a disk, a clock or a timer.
const ioPlaces = [
  'native/addon-inbox.ts',
  'native/addon-plane.ts',
  'native/twin/udp-sockets.ts',
  'native/twin/tcp-connections.ts',
  'native/twin/ticker.ts',
  'edge/pages.ts',
  'control/jetstream/bucket.ts',
  'control/redis/connection.ts',
  'control/sqlite-store.ts',
  'control/audit/audit-log.ts',
  'control/audit/chain-file.ts',
  'control/audit/verify-audit.ts',
  'recorder/spool/spool-folder.ts',
  'load/',
  'conformance/',
  'server/',
  'player/',
]
const io =
  /['"](?:node:)?(?:dgram|net|tls|dns|fs|fs\/promises|sqlite|http|https|http2|timers|timers\/promises|child_process|ioredis|@nats-io\/transport-node|ws)['"]|\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bset(?:Timeout|Interval|Immediate)\b|\bMath\.random\b/
const environment = /\bprocess\.env\b/
const importTarget = /\b(?:from|import)\s*\(?\s*['"]#([\w-]+)\//g
const upwardPath = /\b(?:from|import)\s*\(?\s*['"][^'"]*\.\.\//
// Biome finds `any`; in prose it is a word.
const aroundTypes = /@ts-(?:ignore|nocheck|expect-error)/

/** Lines of the longest file that a reader should be asked to hold in mind. */
export const longestFile = 300

/** What is wrong with where this file stands and what it reaches for; empty when nothing is. */
export function architectureFaults({ path, text }: SourceFile): string[] {
  const folder = path.split('/')[0]!
  const faults = [...layerFaults(folder, text), ...sizeFaults(text)]
  if (upwardPath.test(text)) faults.push('imports by "../": name the folder, as "#folder/file.ts"')
  if (aroundTypes.test(text)) faults.push('goes around the types to reach what is not its own')
  if (folder in mayImport && !ioPlaces.some((place) => path.startsWith(place))) {
    const found = io.exec(text)
    if (found) faults.push(`is no place for I/O, clocks or chance: ${found[0]}`)
  }
  if (folder in mayImport && path !== 'server/config.ts' && environment.test(text)) {
    faults.push('reads process.env: settings come from server/config.ts')
  }
  return faults.map((fault) => `${path} ${fault}`)
}

function layerFaults(folder: string, text: string): string[] {
  const allowed = mayImport[folder]
  if (!allowed) return []
  return [...text.matchAll(importTarget)]
    .map(([, target]) => target!)
    .filter((target) => target !== folder && !allowed.includes(target))
    .map((target) => `imports #${target}, which is not below it`)
}

function sizeFaults(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n').length
  return lines > longestFile ? [`has ${lines} lines: over ${longestFile} it wants splitting`] : []
}
