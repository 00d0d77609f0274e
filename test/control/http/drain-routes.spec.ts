import { describe, expect, it } from 'vitest'
import { type Drainable, drainRoutes } from '#control/http/drain-routes.ts'
import { AdminRig, root } from './admin-rig.ts'

const url = '/api/v1/drain'

async function server({ failing = false, stopping = false } = {}) {
  const { app, events, ...shared } = new AdminRig(failing)
  let begun = false
  const drain: Drainable = {
    get state() {
      if (stopping) return 'stopping'
      return begun ? 'draining' : 'serving'
    },
    sessions: 7,
    begin: () => {
      begun = true
    },
    cancel: () => {
      begun = false
    },
  }
  await app.register(drainRoutes, { ...shared, drain, clock: { now: () => 0, wall: () => 0 } })
  const ask = async (method: 'GET' | 'POST' | 'DELETE', headers: object = root) => {
    const response = await app.inject({ method, url, headers: { ...headers } })
    return [response.statusCode, response.json().state]
  }
  return { ask, events, drain }
}

describe('draining a node by hand', () => {
  it('begins, is shown, and is taken back, each on record first', async () => {
    const { ask, events } = await server()
    expect(await ask('GET')).toEqual([200, 'serving'])
    expect(await ask('POST')).toEqual([200, 'draining'])
    expect(await ask('POST')).toEqual([200, 'draining'])
    expect(await ask('DELETE')).toEqual([200, 'serving'])
    expect(events.map(({ event, tenant }) => [event, tenant])).toEqual([
      ...[
        ['node.drain', '@node'],
        ['node.drain', '@node'],
        ['node.resume', '@node'],
      ],
    ])
  })

  it.each`
    who                   | headers                                    | status
    ${'nobody'}           | ${{}}                                      | ${401}
    ${'a publisher'}      | ${{ authorization: 'Bearer publish-key' }} | ${403}
    ${"a tenant's admin"} | ${{ authorization: 'Bearer acme-key' }}    | ${403}
  `('is not for $who: $status', async ({ headers, status }) => {
    const { ask, events, drain } = await server()
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      expect((await ask(method, headers))[0]).toBe(status)
    }
    expect([events, drain.state]).toEqual([[], 'serving'])
  })

  it('does not happen without a record', async () => {
    const { ask, drain } = await server({ failing: true })
    expect((await ask('POST'))[0]).toBe(503)
    expect(drain.state).toBe('serving')
  })

  it('cannot be taken back from a node that stops', async () => {
    const { ask } = await server({ stopping: true })
    expect((await ask('DELETE'))[0]).toBe(409)
  })
})
