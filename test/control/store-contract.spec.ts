import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JetStreamStore } from '#control/jetstream/store.ts'
import { SqliteStore } from '#control/sqlite-store.ts'
import type { Revocation, Store, StoreChange } from '#control/store.ts'
import { backupOf, readBackup, toRestore } from '#control/store-backup.ts'
import { NatsProcess, natsUnavailable } from '#test/support/nats-process.ts'

/** A place to keep things in, and a store that opens it, which may be opened again. */
interface Place {
  open(): Promise<Store>
  close(): Promise<void>
}

async function file(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-store-'))
  return {
    open: async () => new SqliteStore(join(folder, 'tailrace.db')),
    close: async () => rmSync(folder, { recursive: true }),
  }
}

async function bucket(): Promise<Place> {
  const nats = await NatsProcess.start()
  return {
    open: () =>
      JetStreamStore.open({
        ...{ urls: [nats.url], replicas: 1, patience: 15_000, report: () => {} },
        pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
        random: Math.random,
      }),
    close: () => nats.close(),
  }
}

const why = natsUnavailable()
if (why) process.stderr.write(`skipped: ${why}\n`)

const plain: Revocation = { kind: 'token', value: 't-1', at: 1 }
const full: Revocation = {
  ...{ kind: 'subject', value: "a'na\n ü", tenant: 'acme', at: 2, until: 3, reason: 'left' },
} as const

describe.each([
  { name: 'a file', make: file, missing: undefined },
  { name: 'JetStream', make: bucket, missing: why },
])('a store in $name', { timeout: 30_000 }, ({ make, missing }) => {
  let place: Place
  let store: Store
  beforeEach(async ({ skip }) => {
    if (missing) skip(missing)
    place = await make()
    store = await place.open()
  })
  afterEach(async () => {
    await store?.close()
    await place?.close()
  })

  async function reopen(): Promise<void> {
    await store.close()
    store = await place.open()
  }

  it('has after a restart what was put in, and not what was taken out', async () => {
    await store.putRevocation(plain)
    await store.putRevocation(full)
    await store.putRevocation({ ...plain, tenant: 'acme' })
    await store.putRevocation({ ...full, reason: 'left long ago' })
    await store.deleteRevocation({ kind: 'token', value: 't-1' })
    await store.deleteRevocation({ kind: 'token', value: 'other' })
    await reopen()
    expect(store.revocations()).toEqual([
      { ...plain, tenant: 'acme' },
      { ...full, reason: 'left long ago' },
    ])
  })

  it('has told of a change when it has made it', async () => {
    const heard: StoreChange[] = []
    store.listen((changes) => heard.push(...changes))
    await store.putRevocation(full)
    expect(heard).toEqual([{ kind: 'revoked', revocation: full }])
    await store.deleteRevocation({ kind: 'subject', value: full.value, tenant: 'acme' })
    const thing = { kind: 'subject', value: full.value, tenant: 'acme' }
    expect(heard.slice(1)).toEqual([{ kind: 'taken-back', thing }])
  })

  it('takes many at a time', async () => {
    const many = Array.from({ length: 300 }, (_, i): Revocation => ({ ...plain, value: `${i}` }))
    await Promise.all(many.map((one) => store.putRevocation(one)))
    await reopen()
    expect(store.revocations()).toHaveLength(300)
  })

  it('is restored from its backup, a second time without a change', async () => {
    await store.putRevocation(plain)
    await store.putRevocation(full)
    const backup = readBackup(backupOf(store.revocations()))
    await store.deleteRevocation(plain)
    await store.putRevocation({ ...full, reason: 'another' })
    const missing = toRestore(store.revocations(), backup)
    expect(missing).toEqual([plain])
    for (const one of missing) await store.putRevocation(one)
    await reopen()
    expect(store.revocations()).toEqual([plain, { ...full, reason: 'another' }])
    expect(toRestore(store.revocations(), backup)).toEqual([])
  })
})
