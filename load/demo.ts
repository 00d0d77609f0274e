import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { UsageError } from './arguments.ts'
import { createClientContext } from './client-connection.ts'
import { loadClip } from './clip-files.ts'
import { Publisher } from './publisher.ts'

/**
 * Publishes the bundled clip to a WHIP URL in a loop, as OBS would but never giving up, until
 * SIGTERM or SIGINT: `node load/demo.ts --url http://127.0.0.1:8080/whip/demo --token KEY`. With
 * `--token -` the key comes on standard input, where the list of processes does not show it.
 */
async function publishDemo(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { url, token } = parseArgs({
    args: [...args],
    options: { url: { type: 'string' }, token: { type: 'string' } },
  }).values
  if (url === undefined) throw new UsageError('--url is missing: the WHIP endpoint to publish to')
  const clip = await loadClip({})
  let saidSo = false
  const publisher = new Publisher(createClientContext(), {
    url,
    token: token === '-' ? (await text(process.stdin)).trim() : token,
    clip,
    persistence: 'always',
    onEvent: ({ kind }) => {
      if (kind !== 'publishing' || saidSo) return
      saidSo = true
      process.stdout.write(`demo: publishing the bundled clip to ${url}\n`)
    },
  })
  await publisher.run(signal)
}

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
// The server is our parent. One that was killed outright ends nobody, and must not leave us behind.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) stopping.abort()
}, 1000).unref()

try {
  await publishDemo(process.argv.slice(2), stopping.signal)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`demo: ${error.message}\n`)
  process.exitCode = 2
}
