import { defineConfig } from 'vitest/config'
import { listedFirst } from './test/support/listed-first.ts'
import { SummaryReporter } from './test/support/summary-reporter.ts'

/** The machines this is built on have two cores, and a spec must not depend on having more. */
const workers = 2
/** Ms for a spec that takes one at most: no machine is as busy as that. */
const testTimeout = 30_000

/**
 * Servers, stores and their clients as processes, and no picture: nearly all of their time is a
 * wait, for a rate limit, a lease, a patience that runs out. More of them than there are cores run
 * at once, longest first.
 */
const waiting = {
  workers: 4,
  files: [
    'test/e2e/conformance.spec.ts',
    'test/e2e/cluster-sessions.spec.ts',
    'test/conformance/wrong-server.spec.ts',
    'test/e2e/drain.spec.ts',
    'test/native/tcp-strangers.spec.ts',
    'test/control/registry-redis.spec.ts',
    'test/native/reports.spec.ts',
    'test/scripts/backup.spec.ts',
    'test/control/jetstream-store.spec.ts',
    'test/scripts/cluster.spec.ts',
    'test/server/keeping.spec.ts',
    'test/e2e/lying-server.spec.ts',
    'test/e2e/shared-revocations.spec.ts',
  ],
}
/**
 * Of folders that hold no socket, clock, file or other state of a module (`test/architecture.spec.ts`
 * sees to that): a worker loads what they import once, and not for each file anew.
 */
const machines = [
  'test/rtp/**/*.spec.ts',
  'test/webrtc/**/*.spec.ts',
  'test/relay/*.spec.ts',
  'test/control/topology/*.spec.ts',
  'test/player/*.spec.ts',
]
/** Of the specs that run two at a time. */
const longest = [
  'test/relay/links/links.spec.ts',
  'test/load/tools.spec.ts',
  'test/native/nonces.spec.ts',
  'test/native/rate-limited.spec.ts',
]

export default defineConfig({
  test: {
    watch: false,
    pool: 'forks',
    maxWorkers: workers,
    sequence: { sequencer: listedFirst([...longest, ...waiting.files]) },
    reporters: [['default', { summary: false }], new SummaryReporter()],
    projects: [
      {
        test: {
          name: 'specs',
          pool: 'forks',
          testTimeout,
          include: ['test/**/*.spec.ts'],
          exclude: ['test/e2e/**', ...machines, ...waiting.files],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'machines',
          pool: 'forks',
          testTimeout,
          isolate: false,
          include: machines,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'waiting',
          pool: 'forks',
          include: waiting.files,
          maxWorkers: waiting.workers,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          pool: 'forks',
          include: ['test/e2e/**/*.spec.ts'],
          exclude: waiting.files,
          // Real time, real sockets and a browser: side by side they would measure each other.
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
