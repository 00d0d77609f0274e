import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyAudit } from '#control/audit/verify-audit.ts'
import { loadConfig } from '#server/config.ts'
import { openKept } from '#server/keeping.ts'
import { startRecord } from '#server/node-record.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-kept-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const settings = (DATA_DIR: string) => ({ DATA_DIR, STORE_URL: [] })
const services = { clock: { now: () => 0, wall: () => 0 }, log: pino({ level: 'silent' }) }

describe('the data folder', () => {
  it('is made, and its secrets are readable by their owner only', async () => {
    const kept = await openKept(settings(join(folder, 'a', 'data')), services)
    for (const name of ['tailrace.db', 'audit/key.pem']) {
      expect(statSync(join(folder, 'a', 'data', name)).mode & 0o077).toBe(0)
    }
    await kept.close()
  })

  it('has one key for its audit log, start after start', async () => {
    for (let start = 0; start < 2; start++) {
      const { audit, close } = await openKept(settings(folder), services)
      await audit.append(startRecord(loadConfig({ env: {} })))
      await close()
    }
    const reports = await verifyAudit({ folder: join(folder, 'audit') })
    expect(reports).toEqual([{ tenant: '@node', records: 2 }])
  })

  it('serves one node at a time, and says so', { timeout: 20_000 }, async () => {
    const kept = await openKept(settings(folder), services)
    await expect(openKept(settings(folder), services)).rejects.toThrow(
      /another node uses it: set TAILRACE_DATA_DIR/,
    )
    await kept.close()
    await (await openKept(settings(folder), services)).close()
  })

  it('that is none is named', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(openKept(settings(file), services)).rejects.toThrow(
      /nothing can be kept.*set TAILRACE_DATA_DIR/,
    )
  })
})

it('the record of a start has the settings, and no secret', () => {
  const secret = 'not-to-be-seen-by-anybody-0123456789'
  const names = ['PUBLISH_KEY', 'PLAY_TOKEN', 'ADMIN_KEY', 'JWT_SECRET']
  const env = Object.fromEntries(names.map((name) => [`TAILRACE_${name}`, secret]))
  const ice = { TAILRACE_ICE_SERVERS: `turn:a|me|${secret}`, TAILRACE_JWT_KEYS: secret }
  const store = { TAILRACE_STORE_URL: `nats://me:${secret}@nats:4222` }
  const record = startRecord(
    loadConfig({ env: { ...env, ...ice, ...store, TAILRACE_REGION: 'west' } }),
  )
  expect(JSON.stringify(record)).not.toContain(secret)
  expect(record.detail).toMatchObject({ settings: { REGION: 'west', PUBLISH_KEY: 'not shown' } })
})
