import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { figure, isLive, withNodes as it, patience, post } from '#test/support/node-pair.ts'
import type { ServerProcess } from '#test/support/server-process.ts'
import { viewerOffer } from '#test/support/session-world.ts'

/** A viewer as far as HTTP goes: its session, and the events that its page reads. */
async function openViewing(node: ServerProcess) {
  const answer = await fetch(node.whep('main'), {
    ...{ method: 'POST', body: viewerOffer, headers: { 'content-type': 'application/sdp' } },
  })
  await answer.arrayBuffer()
  const session = new URL(answer.headers.get('location')!, node.origin).href
  const made = await fetch(`${session}/sse`, {
    ...{ method: 'POST', body: '["reconnect"]', headers: { 'content-type': 'application/json' } },
  })
  await made.arrayBuffer()
  const events = await fetch(new URL(made.headers.get('location')!, node.origin))
  const text = events.body!.pipeThrough(new TextDecoderStream()).getReader()
  return {
    /** What has come when it has this in it. */
    told: async (part: string) => {
      let said = ''
      while (!said.includes(part)) {
        const { value, done } = await text.read()
        if (done) break
        said += value
      }
      return said
    },
    leave: async () => {
      await text.cancel()
      await (await fetch(session, { method: 'DELETE' })).arrayBuffer()
    },
  }
}

describe('a node of a cluster is drained', { timeout: 60_000 }, () => {
  it('by SIGTERM: its viewers hear where to go, and it waits for them', async ({ stage }) => {
    const [a, b] = await stage.pair({ TAILRACE_DRAIN_MS: '30000' })
    const publisher = await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const viewing = await openViewing(a)
    const stopped = a.stop(40_000)
    expect(await viewing.told('}\n\n')).toContain(`data: {"url":"${b.origin}/whep/default/main"}`)
    expect(await post(a.whep('main'))).toEqual([307, `${b.whep('main')}?hop=1`])
    await expect.poll(() => publisher, patience).toEqual([{ kind: 'publishing' }])
    await viewing.leave()
    expect(await stopped).toMatchObject({ code: 0, signal: undefined })
    await expect.poll(() => publisher.at(-1)?.kind, patience).toBe('waiting')
    await expect.poll(() => figure(b, 'cluster_nodes'), patience).toBe(1)
  })

  it('by SIGTERM: it waits no longer than it may', async ({ stage }) => {
    const [a] = await stage.pair({ TAILRACE_DRAIN_MS: '500' })
    await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const viewing = await openViewing(a)
    expect(await a.stop(20_000)).toMatchObject({ code: 0, signal: undefined })
    expect(await viewing.told('}\n\n')).toContain('event: reconnect')
  })

  it('by SIGTERM: it waits for its publishers where it may, until a second SIGTERM', async ({
    stage,
  }) => {
    const [a] = await stage.pair({ TAILRACE_DRAIN_PUBLISHERS_MS: '60000' })
    const publisher = await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const stopped = a.stop(30_000)
    await expect.poll(async () => (await a.get(`${a.origin}/readyz`)).status, patience).toBe(503)
    await delay(500)
    expect(await isLive(a, 'main')).toBe(true)
    expect(publisher).toEqual([{ kind: 'publishing' }])
    process.kill(a.pid, 'SIGTERM')
    expect(await stopped).toMatchObject({ code: 0, signal: undefined })
    await expect.poll(() => publisher.at(-1)?.kind, patience).toBe('waiting')
  })

  it('by hand, until that is taken back', async ({ stage }) => {
    const [a, b] = await stage.pair({ TAILRACE_ADMIN_KEY: 'an-admin-key' })
    await stage.publish(a.whip('main'), a.key)
    await expect.poll(() => isLive(a, 'main'), patience).toBe(true)
    const viewing = await openViewing(a)
    const drain = async (method: string) => {
      const headers = { authorization: 'Bearer an-admin-key' }
      const response = await fetch(`${a.origin}/api/v1/drain`, { method, headers })
      return await response.json()
    }
    expect(await drain('POST')).toEqual({ state: 'draining', sessions: 2 })
    expect(await viewing.told('}\n\n')).toContain(`data: {"url":"${b.origin}/whep/default/main"}`)
    const publishing = `${a.whip('other')}?token=${a.key}`
    expect(await post(publishing)).toEqual([307, `${b.whip('other')}?token=${a.key}&hop=1`])
    expect(await post(a.whip('other'))).toEqual([401, null])
    expect((await a.get(`${a.origin}/readyz`)).status).toBe(503)
    expect(await isLive(a, 'main')).toBe(true)
    expect(await drain('DELETE')).toEqual({ state: 'serving', sessions: 2 })
    expect(await post(publishing)).toEqual([400, null])
    expect((await a.get(`${a.origin}/readyz`)).status).toBe(200)
    await viewing.leave()
  })
})
