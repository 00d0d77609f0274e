import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary-reporter.ts'

/** The machines this is built on have two cores, and a spec must not depend on having more. */
const workers = 2

export default defineConfig({
  test: {
    watch: false,
    pool: 'forks',
    maxWorkers: workers,
    reporters: [['default', { summary: false }], new SummaryReporter()],
    projects: [
      {
        test: {
          name: 'specs',
          pool: 'forks',
          include: ['test/**/*.spec.ts'],
          exclude: ['test/e2e/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          pool: 'forks',
          include: ['test/e2e/**/*.spec.ts'],
          // Real time, real sockets and a browser: side by side they would measure each other.
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
