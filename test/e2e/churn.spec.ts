import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { visit } from '#test/support/libdatachannel-viewers.ts'
import { long, Stage, stageUnavailable } from '#test/support/stage.ts'

const total = long ? 1000 : 100
/** Full handshakes among them; the rest are sessions made and deleted over HTTP. */
const handshakes = total / 4
/** A session kept by mistake is 64 KiB and more: a thousand of them could not hide here. */
const memorySlack = 32 * 2 ** 20

const offer = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'sdp', 'chromium-156', 'offer-recvonly.gathered.sdp'),
)

describe(`${total} connects and disconnects`, () => {
  const missing = stageUnavailable()
  let stage: Stage

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open()
    await stage.obs('churn')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await stage?.close()
  })

  async function churn(count: number): Promise<void> {
    const { server } = stage
    const url = server.whep('churn')
    for (let index = 0; index < count - handshakes; index++) {
      const headers = { 'content-type': 'application/sdp' }
      const response = await fetch(url, { method: 'POST', headers, body: offer })
      expect(response.status).toBe(201)
      await response.text()
      const session = new URL(response.headers.get('location')!, url)
      const removed = await fetch(session, { method: 'DELETE' })
      expect(removed.status).toBe(200)
      await removed.text()
    }
    const visits = { url, visits: handshakes, atOnce: 4, timeoutMs: 10_000, remove: true }
    expect(await visit(visits)).toMatchObject({ connected: handshakes, received: handshakes })
  }

  async function size(): Promise<{ sessions: number; descriptors: number; memory: number }> {
    const { server } = stage
    const metrics = await server.metrics()
    const sum = (name: string): number =>
      [...metrics]
        .filter(([key]) => key === name || key.startsWith(`${name}{`))
        .reduce((all, [, value]) => all + value, 0)
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
    return {
      sessions: sum('tailrace_viewers') + sum('tailrace_publishers'),
      descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
      memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024,
    }
  }

  it('leave sessions, sockets and memory where they were', async () => {
    // The first round fills pools and caches that stay by design.
    await churn(handshakes * 2)
    const before = await size()
    await churn(total)
    await expect.poll(async () => (await size()).sessions, { timeout: 10_000 }).toBe(1)
    const after = await size()
    process.stdout.write(`churn: ${JSON.stringify({ before, after })}\n`)
    expect(before.sessions).toBe(1)
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4)
    expect(after.memory - before.memory).toBeLessThan(memorySlack)
    expect(await stage.server.status('churn')).toMatchObject({ viewers: 0, state: 'live' })
    // And the node still does its work.
    const viewing = await stage.view('churn')
    await viewing.firstFrame()
    await viewing.close()
  }, 900_000)
})
