import { messageOf } from '#core/errors.ts'
import { Unanswered } from './caller.ts'
import { type Check, type Finding, NotOffered, NotSeen } from './check.ts'
import type { Trial } from './trial.ts'

/** A check and what came of it. */
export interface Row extends Omit<Check, 'run'>, Finding {}

/** More than any check takes of a server that answers. */
const longest = 60_000

/** Runs checks one after the other; whatever one leaves open is ended before the next. */
export async function runChecks(
  trial: Trial,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const { run, ...check } of checks) {
    signal.throwIfAborted()
    const finding = await within(longest, () => findingOf(run, trial))
    await trial.tidy()
    rows.push({ ...check, ...judged(check, finding) })
  }
  return rows
}

/** Practice and policy bind nobody. */
function judged({ level }: Omit<Check, 'run'>, finding: Finding): Finding {
  const binds = level !== 'practice' && level !== 'policy'
  if (finding.verdict !== 'fail' || binds) return finding
  return { ...finding, verdict: 'differs' }
}

async function findingOf(run: Check['run'], trial: Trial): Promise<Finding> {
  try {
    return await run(trial)
  } catch (error) {
    if (error instanceof NotOffered) return { verdict: 'not offered', evidence: error.message }
    if (error instanceof NotSeen) return { verdict: 'not seen', evidence: error.message }
    if (error instanceof Unanswered) return { verdict: 'fail', evidence: error.message }
    throw error
  }
}

async function within(ms: number, start: () => Promise<Finding>): Promise<Finding> {
  const late = Promise.withResolvers<Finding>()
  const timer = setTimeout(
    () => late.resolve({ verdict: 'not seen', evidence: 'it took too long' }),
    ms,
  )
  try {
    return await Promise.race([start(), late.promise])
  } catch (cause) {
    throw new Error(`a check broke: ${messageOf(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}
