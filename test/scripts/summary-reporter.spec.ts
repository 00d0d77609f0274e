import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('the summary counts what failed to load or to be set up, and gives the reason of each skip', () => {
  const { TEST_COUNTS_FILE: _ours, ...env } = process.env
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/fixtures/summary/vitest.config.ts'],
    { encoding: 'utf8', env },
  )
  expect(status).toBe(1)
  expect(stdout.trimEnd().split('\n').sort()).toEqual(
    [
      'skipped: mixed.fixture.ts > a mixed file > lacks a program: "chromium" is not installed',
      'skipped: mixed.fixture.ts > a mixed file > says nothing: no reason given',
      '',
      '1 passed, 3 failed, 2 skipped',
    ].sort(),
  )
})
