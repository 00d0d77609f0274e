import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HeapMeter } from '#test/support/heap-meter.ts'
import { visit } from '#test/support/libdatachannel-viewers.ts'
import { long, Stage, stageUnavailable } from '#test/support/stage.ts'

const total = long ? 1000 : 100
/** Full handshakes among them; the rest are sessions made and deleted over HTTP. */
const handshakes = total / 4
/**
 * Bytes that may stay: compiled code, pools, answers to a second DELETE. A session kept by mistake
 * holds 14 KiB and more.
 */
const memorySlack = 2 ** 20 + total * 2048
/** Closed sessions may wait this long for a timer of theirs, in ms: ICE consent takes 30 s. */
const settling = 60_000

const offer = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'sdp', 'chromium-156', 'offer-recvonly.gathered.sdp'),
)

describe(`${total} connects and disconnects`, () => {
  const missing = stageUnavailable()
  let stage: Stage
  let meter: HeapMeter

  beforeAll(async () => {
    if (missing) return
    stage = await Stage.open({ env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } })
    meter = await HeapMeter.open(stage.server.lastWords)
    await stage.obs('churn')
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    meter?.close()
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

  async function size(): Promise<{ sessions: number; descriptors: number; retained: number }> {
    const { server } = stage
    const metrics = await server.metrics()
    const sum = (name: string): number =>
      [...metrics]
        .filter(([key]) => key === name || key.startsWith(`${name}{`))
        .reduce((all, [, value]) => all + value, 0)
    return {
      sessions: sum('tailrace_viewers') + sum('tailrace_publishers'),
      descriptors: readdirSync(`/proc/${server.pid}/fd`).length,
      retained: await meter.retained(),
    }
  }

  it('leave sessions, sockets and memory where they were', async () => {
    // The first round fills pools and caches that stay by design.
    await churn(handshakes * 2)
    const sessions = async () => (await size()).sessions
    await expect.poll(sessions, { timeout: 10_000, interval: 200 }).toBe(1)
    const before = await size()
    await churn(total)
    const peak = await size()
    const bound = before.retained + memorySlack
    const waiting = { timeout: settling, interval: 2000 }
    await expect.poll(async () => (await size()).retained, waiting).toBeLessThan(bound)
    const after = await size()
    process.stdout.write(`churn: ${JSON.stringify({ before, peak, after })}\n`)
    expect(after.sessions).toBe(1)
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4)
    expect(await stage.server.status('churn')).toMatchObject({ viewers: 0, state: 'live' })
    // And the node still does its work.
    const viewing = await stage.view('churn')
    await viewing.firstFrame()
    await viewing.close()
  }, 900_000)
})
