import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { goodClaims, IssuerKey } from '#test/control/tokens/issuer.ts'
import { NatsProcess, natsUnavailable } from '#test/support/nats-process.ts'
import { ServerProcess } from '#test/support/server-process.ts'
import { long } from '#test/support/stage.ts'

const adminKey = 'e2e-admin-key'
const natsToken = 'e2e-nats-token'
const fixtures = join(import.meta.dirname, '..', 'fixtures', 'sdp', 'chromium-156')
const offer = readFileSync(join(fixtures, 'offer-sendonly.gathered.sdp'), 'utf8')
const issuer = new IssuerKey('k1', 'EdDSA')

async function token(claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return await issuer.sign({ ...goodClaims, iat: now - 5, exp: now + 600, ...claims })
}

describe('two nodes that keep revocations in one store', () => {
  const missing = natsUnavailable()
  let nats: NatsProcess
  let one: ServerProcess
  let two: ServerProcess

  beforeAll(async () => {
    if (missing) return
    nats = await NatsProcess.start(natsToken)
    ;[one, two] = await Promise.all([start(), start()])
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await Promise.all([one?.stop(), two?.stop()])
    await nats?.close()
  })

  function start(env: Record<string, string> = {}): Promise<ServerProcess> {
    return ServerProcess.start({
      env: {
        TAILRACE_JWT_KEYS: JSON.stringify({ keys: [issuer.jwk] }),
        TAILRACE_ADMIN_KEY: adminKey,
        TAILRACE_STORE_URL: nats.url,
        ...env,
      },
    })
  }

  const ask = (server: ServerProcess, method: string, path: string, init: RequestInit = {}) =>
    fetch(`${server.origin}${path}`, { method, ...init })

  async function publish(server: ServerProcess, bearer: string): Promise<Response> {
    return await ask(server, 'POST', '/whip/acme/cam1', {
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/sdp' },
      body: offer,
    })
  }

  const revoke = (server: ServerProcess, value: string) =>
    ask(server, 'POST', '/api/v1/revocations', {
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'token', value, tenant: 'acme' }),
    })

  // Nothing that it would do; 404 once there is no such session.
  const isThere = async (server: ServerProcess, location: string, bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/sdp' }
    const response = await ask(server, 'PATCH', location, { headers, body: 'a=nothing' })
    return response.status !== 404
  }

  it('refuse on one what was revoked on the other, and end its session there', async () => {
    const bearer = await token({ jti: 't-1' })
    const opened = await publish(two, bearer)
    expect(opened.status).toBe(201)
    const location = opened.headers.get('location')!
    expect(await isThere(two, location, bearer)).toBe(true)
    const revoked = await revoke(one, 't-1')
    expect([revoked.status, await revoked.json()]).toEqual([
      201,
      expect.objectContaining({ ended: 0 }),
    ])
    const within = { timeout: long ? 1000 : 10_000, interval: 50 }
    await vi.waitFor(async () => {
      expect(await isThere(two, location, bearer)).toBe(false)
      expect((await publish(two, bearer)).status).toBe(401)
    }, within)
    const fresh = await publish(two, await token({ jti: 't-2' }))
    expect(fresh.status).toBe(201)
  })

  it('go on with what they know while NATS is away, and say that nothing new holds', async () => {
    const [revoked, later] = [await token({ jti: 't-1' }), await token({ jti: 't-3' })]
    await nats.kill()
    await vi.waitFor(() => expect(one.lastWords).toContain('out of reach'), { timeout: 20_000 })
    expect((await publish(one, revoked)).status).toBe(401)
    const refused = await revoke(one, 't-3')
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ detail: expect.stringMatching(/does not hold/) })
    expect((await publish(one, later)).status).toBe(201)
    await nats.restart()
    const patience = { timeout: 30_000, interval: 200 }
    await vi.waitFor(async () => expect((await revoke(one, 't-3')).status).toBe(201), patience)
    await vi.waitFor(async () => expect((await publish(two, later)).status).toBe(401), patience)
    for (const { lastWords } of [one, two]) expect(lastWords).not.toContain(natsToken)
  })

  it('know after a start what was revoked before it', async () => {
    const late = await start()
    try {
      expect((await publish(late, await token({ jti: 't-1' }))).status).toBe(401)
      expect((await publish(late, await token({ jti: 't-4' }))).status).toBe(201)
    } finally {
      await late.stop()
    }
  })
})
