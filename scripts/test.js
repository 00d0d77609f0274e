// npm test: everything from a fresh clone to `N passed, N failed, N skipped`. Each check counts
// as one. With arguments (npm test -- rtp) only the specs whose path matches them run.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecks } from './checks.js'
import { runChild } from './child.js'
import { finish } from './failure.js'
import { inRoot, root, toolEnvironment } from './paths.js'
import { prepare } from './runtime.js'
import { runSanitizers } from './sanitizer-run.js'
import { ensureSystemPackages } from './system-packages.js'

/** Of each program that looks for faults in the C++: `npm run fuzz` does it at leisure. */
const sanitizedSeconds = 10

await finish(async () => {
  const filters = process.argv.slice(2)
  const executable = await prepare()
  ensureSystemPackages()
  const stages =
    filters.length === 0 ? [await runChecks(executable), await runSanitizers(sanitizedSeconds)] : []
  stages.push(await runSpecs(executable, filters))
  const sum = (outcome) => stages.reduce((total, stage) => total + stage[outcome], 0)
  const failed = sum('failed')
  process.stdout.write(`\n${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped\n`)
  return failed === 0 ? 0 : 1
})

/** Counts of all specs, then all end-to-end specs. A run that ends badly counts as a failure. */
async function runSpecs(executable, filters) {
  process.stdout.write('\n# specs, then end to end: vitest\n')
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-test-'))
  const countsFile = join(folder, 'counts.json')
  try {
    const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs')
    const code = await runChild(executable, [vitest, 'run', ...filters], {
      cwd: root,
      env: { ...toolEnvironment(executable), TEST_COUNTS_FILE: countsFile },
    })
    const counts = existsSync(countsFile)
      ? JSON.parse(readFileSync(countsFile, 'utf8'))
      : { passed: 0, failed: 0, skipped: 0 }
    if (code !== 0 && counts.failed === 0) counts.failed = 1
    return counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
