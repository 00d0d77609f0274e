import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Names every skipped test with its reason, and ends the run with `N passed, N failed, N skipped`.
 *
 * Where `TEST_COUNTS_FILE` names a file, the counts go there as JSON instead:
 * `scripts/test.js` adds them to those of its other stages.
 */
export class SummaryReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state !== 'skipped') return
    const place = `${test.module.relativeModuleId} > ${test.fullName}`
    process.stdout.write(` skipped: ${place}: ${result.note ?? 'no reason given'}\n`)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      const failedBefore = counts.failed
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state === 'pending' ? 'failed' : state]++
      }
      // A file that does not load, or whose hooks throw, fails without any failing test.
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed++
    }
    const { passed, failed, skipped } = counts
    const file = process.env.TEST_COUNTS_FILE
    if (file) writeFileSync(file, JSON.stringify(counts))
    else process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
}
