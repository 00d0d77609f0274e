import { writeFile } from 'node:fs/promises'
import { messageOf } from '#core/errors.ts'
import { parseLoadArguments, UsageError } from './arguments.ts'
import { breaches } from './breaches.ts'
import type { LoadCommand } from './commands.ts'
import { helpText } from './help.ts'
import { formatPublishResults, publishClips } from './publish-run.ts'
import { formatReport } from './report-table.ts'
import { viewStream } from './view-run.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)

/** Runs one command line; returns the exit code. */
async function runLoad(command: LoadCommand, signal: AbortSignal): Promise<number> {
  if (command.kind === 'help') {
    process.stdout.write(helpText)
    return 0
  }
  if (command.kind === 'publish') {
    const results = await publishClips(command, say, signal)
    process.stdout.write(formatPublishResults(results))
    await writeJson(command.json, results)
    return results.some(({ failure }) => failure !== undefined) ? 1 : 0
  }
  const report = await viewStream(command, say, signal)
  const found = breaches(report, command.thresholds)
  process.stdout.write(formatReport(report))
  for (const breach of found) process.stdout.write(`too much  ${breach}\n`)
  await writeJson(command.json, { ...report, breaches: found })
  return found.length > 0 ? 1 : 0
}

async function writeJson(path: string | undefined, figures: unknown): Promise<void> {
  if (path === undefined) return
  try {
    await writeFile(path, `${JSON.stringify(figures, undefined, 2)}\n`)
  } catch (cause) {
    throw new UsageError(`--json ${path} cannot be written: ${messageOf(cause)}`, { cause })
  }
}

// The second signal ends the process at once, as people expect of it.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

try {
  process.exitCode = await runLoad(parseLoadArguments(process.argv.slice(2)), stopping.signal)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  say(error.message)
  process.exitCode = 2
}
