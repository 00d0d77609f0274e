import { setTimeout as delay } from 'node:timers/promises'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { JetStreamStore, type StoreReport } from '#control/jetstream/store.ts'
import { Revocations } from '#control/revocations.ts'
import type { Revocation } from '#control/store.ts'
import { NatsProcess, natsUnavailable } from '#test/support/nats-process.ts'

const why = natsUnavailable()
if (why) process.stderr.write(`skipped: ${why}\n`)

const token: Revocation = { kind: 'token', value: 't-1', at: 1 }
const other: Revocation = { kind: 'key', value: "k'1\n\ud800.*>", tenant: 'acme', at: 2, until: 3 }
const clock = { now: () => 0, wall: () => 5000 }
const eventually = { timeout: 20_000, interval: 20 }

describe.skipIf(why)('the store of a cluster', { timeout: 60_000 }, () => {
  let nats: NatsProcess
  let open: JetStreamStore[]
  let reports: StoreReport[]
  beforeEach(async () => {
    open = []
    reports = []
    nats = await NatsProcess.start()
  })
  afterEach(async () => {
    await Promise.all(open.map((one) => one.close()))
    await nats.close()
  })

  async function node(options: { url?: string; patience?: number } = {}) {
    const { url = nats.url, patience = 15_000 } = options
    const store = await JetStreamStore.open({
      ...{ urls: [url], replicas: 1, patience },
      report: (report) => reports.push(report),
      pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
      random: () => 0,
    })
    open.push(store)
    return { store, revocations: new Revocations(store, clock) }
  }

  /** Writes as a stranger would. */
  async function write(key: string, value: string): Promise<void> {
    const connection = await connect({ servers: `127.0.0.1:${nats.port}` })
    const bucket = await new Kvm(connection).open('tailrace')
    await bucket.put(key, value)
    await connection.close()
  }

  const lost = () => vi.waitFor(() => expect(reports.at(-1)?.kind).toBe('out-of-reach'), eventually)

  it('tells every node, also of what is taken back', async () => {
    const [one, two] = [await node(), await node()]
    await one.revocations.add(token)
    await one.revocations.add(other)
    await vi.waitFor(() => expect(two.revocations.list()).toEqual([token, other]), eventually)
    await two.revocations.delete(token)
    await vi.waitFor(() => expect(one.revocations.list()).toEqual([other]), eventually)
    expect((await node()).revocations.list()).toEqual([other])
  })

  it('has what it had after a restart of NATS, and tells again of what is new', async () => {
    const [one, two] = [await node(), await node()]
    await one.revocations.add(token)
    await nats.kill()
    await lost()
    expect(one.revocations.has(token)).toBe(true)
    await expect(one.revocations.add(other)).rejects.toThrow(
      expect.objectContaining({ code: 'store-unavailable' }),
    )
    expect(one.revocations.has(other)).toBe(false)
    await nats.restart()
    await vi.waitFor(() => one.revocations.add(other), eventually)
    await vi.waitFor(() => expect(two.revocations.list()).toEqual([token, other]), eventually)
    expect((await node()).revocations.list()).toEqual([token, other])
  })

  it('refuses what a NATS that stands still does not answer, and finds back', async () => {
    const one = await node()
    await nats.freeze()
    await expect(one.revocations.add(token)).rejects.toThrow(
      expect.objectContaining({ code: 'store-unavailable' }),
    )
    await lost()
    nats.thaw()
    await vi.waitFor(() => one.revocations.add(other), eventually)
    expect(one.revocations.has(other)).toBe(true)
  })

  it('is filled again by the nodes when NATS comes back empty', async () => {
    const one = await node()
    await one.revocations.add(token)
    await one.revocations.add(other)
    await nats.kill()
    nats.empty()
    await nats.restart()
    const putBack = { kind: 'read', revocations: 2, putBack: 2, brokenKeys: 0, brokenValues: 0 }
    await vi.waitFor(() => expect(reports).toContainEqual(putBack), eventually)
    await vi.waitFor(async () => {
      expect((await node()).revocations.list()).toEqual([token, other])
    }, eventually)
  })

  it('hears of what was written and taken back while it was away', async () => {
    const one = await node()
    await one.revocations.add(token)
    await nats.kill()
    await lost()
    await nats.restart()
    // Whoever is first again, the node that waits reads both.
    const two = await node()
    await two.revocations.delete(token)
    await two.revocations.add(other)
    await vi.waitFor(() => expect(one.revocations.list()).toEqual([other]), eventually)
  })

  it('reads again when the bucket is made anew beneath it', async () => {
    const one = await node()
    await one.revocations.add(token)
    const connection = await connect({ servers: `127.0.0.1:${nats.port}` })
    await (await new Kvm(connection).open('tailrace')).destroy()
    await connection.close()
    await vi.waitFor(async () => {
      expect((await node()).revocations.list()).toEqual([token])
    }, eventually)
  })

  it('adopts what a node kept by itself, but nothing that was taken back since', async () => {
    const one = await node()
    await one.revocations.add(token)
    await one.revocations.delete(token)
    await one.store.adopt([token, other])
    await vi.waitFor(() => expect(one.revocations.list()).toEqual([other]), eventually)
  })

  it('drops a value that is none, and keeps its door shut; says so, as of a key', async () => {
    const one = await node()
    await one.revocations.add(token)
    // `revocation.token._.` and the base64url of "t-1" as JSON.
    await write('revocation.token._.InQtMSI', '{"at": "yesterday"}')
    await write('revocation.token._.!'.replace('!', 'x'), '{}')
    const broken = { kind: 'broken', brokenKeys: 1, brokenValues: 1 }
    await vi.waitFor(() => expect(reports).toContainEqual(broken), eventually)
    expect(one.revocations.has(token)).toBe(true)
    const again = await node()
    expect(again.revocations.list()).toEqual([expect.objectContaining({ value: 't-1' })])
    expect(reports.at(-1)).toMatchObject({ kind: 'read', brokenKeys: 1, brokenValues: 1 })
  })

  it('is not opened with nothing known: it waits for NATS, and then says what to do', async () => {
    await nats.kill()
    await expect(node({ patience: 600 })).rejects.toThrow(
      /the store at nats:\/\/127.*cannot be used.*start NATS with JetStream/,
    )
    const late = node()
    await delay(500)
    await nats.restart()
    expect((await late).revocations.list()).toEqual([])
  })

  it('does not tell its credentials', async () => {
    const guarded = await NatsProcess.start('s3cret-token')
    try {
      await (await node({ url: guarded.url })).revocations.add(token)
      const wrong = node({ url: guarded.url.replace('s3cret', 'wr0ng'), patience: 600 })
      await expect(wrong).rejects.toThrow(/Authorization/i)
      await expect(wrong).rejects.not.toThrow(/wr0ng/)
    } finally {
      await Promise.all(open.splice(0).map((one) => one.close()))
      await guarded.close()
    }
  })
})
