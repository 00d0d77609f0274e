import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SqliteStore } from '#control/sqlite-store.ts'
import type { Revocation } from '#control/store.ts'
import { NatsProcess, natsUnavailable } from '#test/support/nats-process.ts'

const one: Revocation = { kind: 'token', value: 't-1', at: 1 }
const two: Revocation = { kind: 'key', value: 'k1', tenant: 'acme', at: 2 }

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-backup-'))
  file = join(folder, 'store.backup')
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(script: 'backup' | 'restore', env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '..', '..', 'scripts', `${script}.js`), file],
    { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, ...env } },
  )
  return { status, stdout, stderr: stderr.trim() }
}

const here = () => ({ TAILRACE_DATA_DIR: join(folder, 'data') })
const there = () => ({ TAILRACE_DATA_DIR: join(folder, 'other') })

it('takes a backup of a running node, which restores another', { timeout: 60_000 }, async () => {
  const running = new SqliteStore(join(folder, 'data', 'tailrace.db'))
  await running.putRevocation(one)
  await running.putRevocation(two)
  expect(run('backup', here())).toEqual({
    ...{ status: 0, stdout: `${file}: 2 revocations\n`, stderr: '' },
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const refused = run('restore', here())
  expect([refused.status, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/stop the node first/),
  ])
  running.close()
  for (const fresh of [2, 0]) {
    expect(run('restore', there()).stdout).toBe(`${file}: 2 revocations, ${fresh} of them new\n`)
  }
  const restored = new SqliteStore(join(folder, 'other', 'tailrace.db'))
  expect(restored.revocations()).toEqual([one, two])
  restored.close()
})

it('changes nothing by a damaged backup', { timeout: 60_000 }, async () => {
  const store = new SqliteStore(join(folder, 'data', 'tailrace.db'))
  await store.putRevocation(one)
  store.close()
  run('backup', here())
  writeFileSync(file, readFileSync(file, 'utf8').replace('t-1', 't-2'))
  expect(run('restore', here())).toEqual({
    ...{ status: 1, stdout: '', stderr: expect.stringMatching(/^this backup is damaged/) },
  })
})

it('says what is missing', { timeout: 60_000 }, () => {
  expect(run('backup', here()).stderr).toMatch(/there is no store at .*: set TAILRACE_DATA_DIR/)
  expect(run('restore', here())).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/no such file/i),
  })
})

const why = natsUnavailable()
it.skipIf(why)('brings the store of a node into a cluster', { timeout: 60_000 }, async () => {
  const store = new SqliteStore(join(folder, 'data', 'tailrace.db'))
  await store.putRevocation(one)
  store.close()
  run('backup', here())
  const nats = await NatsProcess.start()
  try {
    const cluster = { TAILRACE_STORE_URL: nats.url }
    expect(run('restore', cluster).stdout).toContain('1 of them new')
    expect(run('restore', cluster).stdout).toContain('0 of them new')
    expect(run('backup', cluster).stdout).toContain('1 revocations')
  } finally {
    await nats.close()
  }
})
