import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

/**
 * Names every skipped test with its reason, and ends the run with `N passed, N failed, N skipped`.
 *
 * Where `TEST_COUNTS_FILE` names a file, the counts go there as JSON instead:
 * `scripts/test.js` adds them to those of its other stages.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      const failedBefore = counts.failed
      for (const test of module.children.allTests()) {
        const outcome = outcomeOf(test)
        counts[outcome]++
        if (outcome === 'skipped') process.stdout.write(`skipped: ${placeAndReason(test)}\n`)
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

function outcomeOf(test: TestCase): 'passed' | 'failed' | 'skipped' {
  const { state } = test.result()
  // Vitest calls a test skipped whose beforeAll threw: nobody meant to skip it.
  return state === 'pending' || (state === 'skipped' && setUpFailed(test)) ? 'failed' : state
}

function setUpFailed({ parent }: TestCase | TestSuite): boolean {
  return parent.errors().length > 0 || (parent.type === 'suite' && setUpFailed(parent))
}

function placeAndReason(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return `${test.module.relativeModuleId} > ${test.fullName}: ${note ?? 'no reason given'}`
}
