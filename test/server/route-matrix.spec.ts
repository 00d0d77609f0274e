import { beforeAll, describe, expect, it } from 'vitest'
import { SessionTrail } from '#control/audit/session-trail.ts'
import type { Action } from '#control/grant.ts'
import { Permissions } from '#control/permissions.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import { Revocations } from '#control/revocations.ts'
import { KeyRing } from '#control/tokens/key-ring.ts'
import { TokenVerifier } from '#control/tokens/token-verifier.ts'
import { isUsable, keysOfJwks } from '#control/tokens/verification-key.ts'
import { createHttpApp } from '#server/http-app.ts'
import { registerRoutes } from '#server/routes.ts'
import { goodClaims, IssuerKey, now } from '#test/control/tokens/issuer.ts'
import { PlainStore } from '#test/support/plain-store.ts'
import { SessionWorld, viewerOffer } from '#test/support/session-world.ts'

/**
 * Whom a route serves. `anyone`: the same to all, whatever there is. `session`: whoever has its
 * URL. An action: whoever may do that; on a stream, where the address names one.
 */
type Rule = Action | 'anyone' | 'session'

const endpoint = { OPTIONS: 'anyone', GET: 'anyone', HEAD: 'anyone' } as const
const page = { GET: 'anyone', HEAD: 'anyone' } as const
const view = { GET: 'view', HEAD: 'view' } as const
const publish = { GET: 'publish', HEAD: 'publish' } as const

// Every route of the server. A method that is not here gets 405, or 404 as if nothing were there.
const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  ...endpointRules('whip', 'publish'),
  ...endpointRules('whep', 'view'),
  '/session/:id': {
    ...{ OPTIONS: 'anyone', GET: 'session', HEAD: 'session', PATCH: 'session', DELETE: 'session' },
  },
  '/session/:id/sse': { OPTIONS: 'anyone', POST: 'session', GET: 'session' },
  '/session/:id/sse/:stream': { OPTIONS: 'anyone', GET: 'session', DELETE: 'session' },
  '/session/:id/layer': { OPTIONS: 'anyone', POST: 'session', DELETE: 'session' },
  '/api/v1/streams': view,
  '/api/v1/streams/:stream': view,
  '/api/v1/streams/:tenant/:stream': view,
  '/api/v1/viewers/:stream': publish,
  '/api/v1/viewers/:tenant/:stream': publish,
  '/hls/:stream/index.m3u8': view,
  '/hls/:tenant/:stream/index.m3u8': view,
  '/hls/:tenant/:stream/:id/:kind.m3u8': view,
  '/hls/:tenant/:stream/:id/:kind/:file': view,
  '/api/v1/edges': page,
  '/api/v1/drain': { GET: 'admin', HEAD: 'admin', POST: 'admin', DELETE: 'admin' },
  '/api/v1/revocations': { GET: 'admin', HEAD: 'admin', POST: 'admin' },
  '/api/v1/revocations/:kind/:value': { DELETE: 'admin' },
  '/': page,
  '/publish': page,
  '/watch/:stream': page,
  '/watch/:tenant/:stream': page,
  '/status/:stream': page,
  '/status/:tenant/:stream': page,
  '/healthz': page,
  '/readyz': page,
}

function endpointRules(kind: string, action: Action) {
  const urls = [`/${kind}/:stream`, `/${kind}/:tenant/:stream`, `/:stream/${kind}`]
  return Object.fromEntries(
    [...urls, `/:tenant/:stream/${kind}`].map((url) => [url, { ...endpoint, POST: action }]),
  )
}

interface Route {
  readonly method: string
  readonly url: string
}

/** A stream that is live under both tenants, and one that is not; one token is good for both. */
const live = 'cam1'
const none = 'cam2'
const tenantOf = (url: string) => (url.includes(':tenant') ? 'acme' : 'default')
const ruleOf = ({ method, url }: Route): Rule | undefined =>
  url.startsWith('/player/') ? page[method as 'GET'] : rules[url]?.[method]
const takesNames = ({ url }: Route) => url.includes(':stream') && !url.startsWith('/session/')

const routes: Route[] = []
const issuer = new IssuerKey('k1', 'EdDSA')
const app = createHttpApp({ origins: '*' })
app.addHook('onRoute', ({ method, url }) => {
  for (const one of [method].flat()) routes.push({ method: one, url })
})

beforeAll(async () => {
  const world = new SessionWorld()
  for (const tenant of ['acme', 'default']) {
    world.connect(world.publish({ name: { tenant, stream: live } }))
  }
  const clock = { now: () => world.now, wall: () => now * 1000 }
  const fixed = keysOfJwks({ keys: [issuer.jwk] })!.filter(isUsable)
  const { publishers, viewers, sessions, extensions, streams, plane } = world
  await registerRoutes(app, {
    ...{ publishers, viewers, sessions, extensions, streams, plane, clock },
    authority: new Permissions({
      ...{ publishKeys: [], playTokens: [], allowAnonymousPublish: false, clock },
      verifier: new TokenVerifier({ keys: new KeyRing({ fixed, clock }), clock }),
    }),
    limiter: new RateLimiter(),
    iceServers: [],
    revocations: new Revocations(new PlainStore(), clock),
    audit: { append: async () => {} },
    trail: new SessionTrail({ audit: { note: () => {} }, clock, addresses: 'none' }),
    edges: () => [],
    recordings: { get: () => undefined },
    drain: { state: 'serving', sessions: 0, begin: () => {}, cancel: () => {} },
    unreadiness: () => undefined,
  })
  await app.ready()
})

async function ask({ method, url }: Route, stream: string, claims?: object) {
  const token = claims && (await issuer.sign({ ...goodClaims, ...claims }))
  const body = method === 'POST' && /whip|whep/.test(url)
  const json = method === 'POST' && !body
  const response = await app.inject({
    method: method as 'GET',
    url: url
      .replace(':tenant', 'acme')
      .replace(':stream', stream)
      .replace(':id', 'AAECAwQFBgcICQoLDA0ODw')
      .replace(':kind', 'token')
      .replace(':value', stream),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/sdp' }),
      ...(json && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: viewerOffer }),
    ...(json && { payload: '{"kind":"token","value":"t-9"}' }),
  })
  const { date: _date, 'content-length': _length, ...headers } = response.headers
  return {
    status: response.statusCode,
    // The number of the request is the one thing that may differ, in its digits too.
    said: { headers, body: response.body.replace(/"instance":"req-\w+"/, '') },
  }
}

const guarded = () =>
  routes.filter((route) => !['anyone', 'session', undefined].includes(ruleOf(route)))
const cases = [
  { who: 'no token', claims: () => undefined, status: 401 },
  { who: 'an expired one', claims: () => ({ exp: now - 61 }), status: 401 },
  { who: "another tenant's", claims: () => ({ tenant: 'umbrella' }), status: 404 },
  { who: 'one for another action', claims: () => ({ actions: ['moderate'] }), status: 403 },
  { who: 'one for other streams', claims: () => ({ stream: ['cam', 'main*'] }), status: 403 },
] as const

describe('who may use which route (SEC-82)', () => {
  it('is said here of every route there is, and of none that is not', () => {
    const known = new Set(routes.map(({ url }) => url).filter((url) => !url.startsWith('/player/')))
    expect([...known].filter((url) => url !== '*').sort()).toEqual(Object.keys(rules).sort())
    for (const [url, methods] of Object.entries(rules)) {
      for (const method of Object.keys(methods)) expect(routes).toContainEqual({ method, url })
    }
    expect(guarded().length).toBeGreaterThan(20)
  })

  it('a method that is not said here does nothing, whoever asks', async () => {
    for (const route of routes.filter((one) => one.url !== '*' && ruleOf(one) === undefined)) {
      const answer = await ask(route, live, { actions: ['publish', 'view', 'admin'] })
      // 400 is Fastify's to a QUERY without a body.
      expect([400, 405]).toContain(answer.status)
      const { said } = await ask(route, none)
      expect(said).toEqual((await ask(route, live)).said)
    }
  })

  it.each(cases)('$who: $status, the same whether there is such a stream', async (row) => {
    for (const route of guarded().filter(takesNames)) {
      const claims = row.claims()
      const good = { tenant: tenantOf(route.url), actions: [ruleOf(route)] }
      const asked = claims && { ...good, ...claims }
      const [there, not] = [await ask(route, live, asked), await ask(route, none, asked)]
      expect([route, there.status]).toEqual([route, row.status])
      expect(there).toEqual(not)
      const challenge = String(there.said.headers['www-authenticate'] ?? '')
      const error = {
        401: row.who === 'no token' ? '' : 'invalid_token',
        403: 'insufficient_scope',
      }
      if (row.status === 404) expect(challenge).toBe('')
      else expect(challenge).toMatch(/^Bearer realm="tailrace"/)
      if (row.status !== 404)
        expect(/error="(\w+)"/.exec(challenge)?.[1] ?? '').toBe(error[row.status])
    }
  })

  it("another tenant's stream is answered as an address that was never there", async () => {
    const route = { method: 'GET', url: '/api/v1/streams/:tenant/:stream' }
    const foreign = await ask(route, live, { tenant: 'umbrella', actions: ['view'] })
    const own = await ask(route, none, { actions: ['view'] })
    const nowhere = await ask({ method: 'GET', url: '/no/such/place/at/all' }, live)
    expect(foreign).toEqual(own)
    expect(foreign.said.body).toBe(nowhere.said.body)
  })

  it('whoever may is not refused', async () => {
    // A node is everybody's: no token of an issuer, which is of one tenant, drains it.
    for (const route of guarded().filter(({ url }) => url !== '/api/v1/drain')) {
      const good = { tenant: tenantOf(route.url), actions: [ruleOf(route)] }
      const { status } = await ask(route, live, good)
      expect([route, [401, 403].includes(status)]).toEqual([route, false])
    }
  })

  it('where no stream is named, the tokens that must not count are refused too', async () => {
    for (const route of guarded().filter((one) => !takesNames(one))) {
      expect((await ask(route, live)).status).toBe(401)
      expect((await ask(route, live, { exp: now - 61 })).status).toBe(401)
      expect((await ask(route, live, { actions: ['moderate'] })).status).toBe(403)
    }
  })

  it('the list of streams holds what the token may know of', async () => {
    const list = { method: 'GET', url: '/api/v1/streams' }
    const names = async (claims: object) => {
      const { said } = await ask(list, live, { actions: ['view'], ...claims })
      return JSON.parse(said.body).streams.map((one: { name: object }) => one.name)
    }
    expect(await names({})).toEqual([{ tenant: 'acme', stream: live }])
    expect(await names({ tenant: 'umbrella' })).toEqual([])
    expect(await names({ stream: 'main*' })).toEqual([])
  })

  it('what is for anyone is the same for anyone', async () => {
    for (const route of routes.filter((one) => ruleOf(one) === 'anyone')) {
      const good = await ask(route, live, {
        actions: ['view', 'publish'],
        tenant: tenantOf(route.url),
      })
      for (const other of [await ask(route, none), await ask(route, live, { exp: 1 })]) {
        expect([route, other]).toEqual([route, good])
      }
    }
  })

  it('a session that is none of theirs is none, whatever token is sent', async () => {
    for (const route of routes.filter((one) => ruleOf(one) === 'session')) {
      const bare = await ask(route, live)
      // Ending what is gone is done (IO-5).
      expect(bare.status).toBe(
        route.method === 'DELETE' && route.url === '/session/:id' ? 200 : 404,
      )
      const cases = [{}, { exp: 1 }, { tenant: 'umbrella' }]
      for (const claims of cases) expect(await ask(route, live, claims)).toEqual(bare)
    }
  })
})
