import { writeFile } from 'node:fs/promises'
import { messageOf } from '#core/errors.ts'
import { UsageError } from '#load/arguments.ts'
import { parseConformanceArguments } from './arguments.ts'
import { sessionTitle } from './endpoint-checks.ts'
import { helpText } from './help.ts'
import { formatMarkdown, formatReport } from './report.ts'
import { tryServer } from './run.ts'
import type { Row } from './runner.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)

/** Runs one command line; returns the exit code. */
async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const command = parseConformanceArguments(args)
  if (command.kind === 'help') {
    process.stdout.write(helpText)
    return 0
  }
  const rows = await tryServer(command, say, signal)
  process.stdout.write(formatReport(rows))
  if (command.report !== undefined) await writeReport(command.report, await formatMarkdown(rows))
  return holds(rows) ? 0 : 1
}

/** No MUST failed, and there were sessions to see that with. */
function holds(rows: readonly Row[]): boolean {
  return rows.every(({ level, verdict, title }) => {
    return (
      level !== 'MUST' || (verdict !== 'fail' && (title !== sessionTitle || verdict === 'pass'))
    )
  })
}

async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (cause) {
    throw new UsageError(`--report ${path} cannot be written: ${messageOf(cause)}`, { cause })
  }
}

// The second signal ends the process at once, as people expect of it.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

try {
  process.exitCode = await main(process.argv.slice(2), stopping.signal)
} catch (error) {
  if (stopping.signal.aborted) process.exitCode = 1
  else if (error instanceof UsageError) {
    say(error.message)
    process.exitCode = 2
  } else throw error
}
