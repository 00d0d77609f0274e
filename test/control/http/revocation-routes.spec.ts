import { expect, it } from 'vitest'
import { revocationRoutes } from '#control/http/revocation-routes.ts'
import { Revocations } from '#control/revocations.ts'
import { ServiceError } from '#core/errors.ts'
import { PlainStore } from '#test/support/plain-store.ts'
import { AdminRig, acme, root } from './admin-rig.ts'

const url = '/api/v1/revocations'
const good = { kind: 'token', value: 't-1' }
const at = '2027-01-15T08:00:00.000Z'

async function server({ failing = false, store = new PlainStore() } = {}) {
  const clock = { now: () => 0, wall: () => Date.parse(at) }
  const revocations = new Revocations(store, clock)
  const { app, events, ...shared } = new AdminRig(failing)
  await app.register(revocationRoutes, { ...shared, revocations, clock, revoked: () => 3 })
  const post = (payload: unknown, headers: object = root) =>
    app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  return { app, post, events, revocations }
}

it('revokes, says what ended, and has it on record first', async () => {
  const { app, post, events } = await server()
  const body = { ...good, tenant: 'acme', until: '2028-01-01T00:00:00Z', reason: 'lost' }
  const response = await post(body)
  const shown = { ...body, until: '2028-01-01T00:00:00.000Z', at }
  expect([response.statusCode, response.json()]).toEqual([201, { ...shown, ended: 3 }])
  expect((await app.inject({ url, headers: root })).json()).toEqual({ revocations: [shown] })
  expect(events).toEqual([
    expect.objectContaining({ tenant: 'acme', event: 'revocation.create', target: 'token t-1' }),
  ])
})

it('takes back', async () => {
  const { app, post, events } = await server()
  await post({ ...good, value: 'a/b ü' })
  const one = `${url}/token/${encodeURIComponent('a/b ü')}`
  const take = (tail = '') => app.inject({ method: 'DELETE', url: one + tail, headers: root })
  expect((await take('?tenant=acme')).statusCode).toBe(404)
  expect((await take()).statusCode).toBe(204)
  expect((await take()).statusCode).toBe(404)
  expect(events.map(({ event, tenant }) => `${tenant} ${event}`)).toEqual([
    '@node revocation.create',
    '@node revocation.delete',
  ])
})

it('an administrator of one tenant has that one only (SEC-75)', async () => {
  const { app, post, revocations } = await server()
  expect((await post({ ...good, tenant: 'other' }, acme)).statusCode).toBe(404)
  expect((await post(good, acme)).json()).toMatchObject({ ...good, tenant: 'acme' })
  await post({ ...good, tenant: 'other' })
  await post(good)
  const seen = await app.inject({ url, headers: acme })
  expect(seen.json().revocations).toEqual([{ ...good, tenant: 'acme', at }])
  for (const tail of ['?tenant=other', '']) {
    await app.inject({ method: 'DELETE', url: `${url}/token/t-1${tail}`, headers: acme })
  }
  expect(revocations.list().map(({ tenant }) => tenant)).toEqual(['other', undefined])
})

it.each`
  payload                                       | words
  ${{ ...good, kind: 'jti' }}                   | ${/^kind .*"kind": "token", "key" or "subject"/}
  ${{ kind: 'token' }}                          | ${/value.*send/}
  ${{ ...good, value: '' }}                     | ${/^value/}
  ${{ ...good, value: 'x'.repeat(257) }}        | ${/^value/}
  ${{ ...good, tenant: 'A' }}                   | ${/^tenant/}
  ${{ ...good, until: 'tomorrow' }}             | ${/^until/}
  ${{ ...good, until: '2028-13-41T99:99:99Z' }} | ${/^until is no date/}
  ${{ ...good, force: true }}                   | ${/send/}
  ${[]}                                         | ${/^the body/}
  ${'{'}                                        | ${/JSON/}
`('says what is wrong with $payload', async ({ payload, words }) => {
  const { post } = await server()
  const response = await post(payload)
  expect(response.statusCode).toBe(400)
  expect(response.json().detail).toMatch(words)
})

it('says nothing of the body to those who may not ask', async () => {
  const { post } = await server()
  expect((await post('{', {})).statusCode).toBe(401)
  expect((await post('{', { authorization: 'Bearer publish-key' })).statusCode).toBe(403)
})

it('takes no long bodies (SEC-34)', async () => {
  const { post } = await server()
  expect((await post({ ...good, reason: 'x'.repeat(5000) })).statusCode).toBe(413)
})

it('does nothing that cannot be put on record (SEC-69)', async () => {
  const { post, revocations } = await server({ failing: true })
  expect((await post(good)).statusCode).toBe(503)
  expect(revocations.size).toBe(0)
})

it('says that nothing holds while the store is out of reach', async () => {
  const failure = new ServiceError('store-unavailable', 'this does not hold', { retryAfter: 5 })
  const { post, revocations, events } = await server({ store: new PlainStore([], failure) })
  const response = await post(good)
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
  expect(response.json().detail).toBe('this does not hold')
  expect(revocations.size).toBe(0)
  expect(events.map(({ event }) => event)).toEqual(['revocation.create', 'revocation.fail'])
})
