import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteStore } from '#control/sqlite-store.ts'
import type { Revocation } from '#control/store.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-store-'))
  file = join(folder, 'data', 'tailrace.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const plain: Revocation = { kind: 'token', value: 't-1', at: 1 }
const full: Revocation = {
  ...{ kind: 'subject', value: "a'na\n", tenant: 'acme', at: 2, until: 3, reason: 'she left' },
} as const

describe('the store of a node', () => {
  it('can be read beside the node that has it open', async () => {
    const store = new SqliteStore(file)
    await store.putRevocation(plain)
    const reader = new SqliteStore(file, { shared: true })
    expect(reader.revocations()).toEqual([plain])
    reader.close()
    store.close()
  })

  it('has after a restart what was put in, and not what was taken out', async () => {
    const store = new SqliteStore(file)
    await store.putRevocation(plain)
    await store.putRevocation(full)
    await store.putRevocation({ ...plain, tenant: 'acme' })
    await store.putRevocation({ ...full, reason: 'she left long ago' })
    await store.deleteRevocation({ kind: 'token', value: 't-1' })
    await store.deleteRevocation({ kind: 'token', value: 'other' })
    store.close()
    const again = new SqliteStore(file)
    expect(again.revocations()).toEqual([
      { ...plain, tenant: 'acme' },
      { ...full, reason: 'she left long ago' },
    ])
    again.close()
  })

  it('is readable by its owner only, journal and all', async () => {
    const store = new SqliteStore(file)
    await store.putRevocation(plain)
    for (const name of readdirSync(join(folder, 'data'))) {
      expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600)
    }
    store.close()
  })

  it('leaves a file of a later version alone', () => {
    new SqliteStore(file).close()
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 2')
    database.close()
    expect(() => new SqliteStore(file)).toThrow(/a later version/)
  })
})
