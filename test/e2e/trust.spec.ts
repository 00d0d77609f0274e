import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { verifyAudit } from '#control/audit/verify-audit.ts'
import { goodClaims, IssuerKey } from '#test/control/tokens/issuer.ts'
import { makeMedia } from '#test/support/ffmpeg-media.ts'
import { LibdatachannelPublisher } from '#test/support/libdatachannel-publisher.ts'
import { visit } from '#test/support/libdatachannel-viewers.ts'
import { ServerProcess } from '#test/support/server-process.ts'
import { stageUnavailable } from '#test/support/stage.ts'

const adminKey = 'e2e-admin-key'
const playToken = 'e2e-play-token'
const stranger = '203.0.113.77'
const offer = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'sdp', 'chromium-156', 'offer-recvonly.gathered.sdp'),
  'utf8',
)
const issuer = new IssuerKey('k1', 'EdDSA')

async function token(claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return await issuer.sign({ ...goodClaims, iat: now, exp: now + 600, ...claims })
}

describe('a server that people try to get into', () => {
  const missing = stageUnavailable()
  let server: ServerProcess
  let folder: string
  let publisher: LibdatachannelPublisher
  /** Whatever must appear nowhere. */
  const secrets: string[] = [adminKey, playToken, stranger]

  beforeAll(async () => {
    if (missing) return
    folder = mkdtempSync(join(tmpdir(), 'tailrace-trust-'))
    server = await ServerProcess.start({
      env: {
        TAILRACE_JWT_KEYS: JSON.stringify({ keys: [issuer.jwk] }),
        TAILRACE_ADMIN_KEY: adminKey,
        TAILRACE_PLAY_TOKEN: `${playToken}@acme`,
        TAILRACE_TRUST_PROXY: '127.0.0.1',
        TAILRACE_DATA_DIR: folder,
      },
    })
    const key = await token()
    secrets.push(key, server.key)
    const media = await makeMedia()
    publisher = await LibdatachannelPublisher.start({ url: server.whip('acme/cam1'), key, media })
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(async () => {
    await publisher?.vanish()
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true })
  })

  async function ask(method: string, path: string, bearer?: string, body?: string) {
    if (bearer !== undefined) secrets.push(bearer)
    const response = await fetch(`${server.origin}${path}`, {
      method,
      headers: {
        'x-forwarded-for': stranger,
        'content-type': body?.startsWith('{') ? 'application/json' : 'application/sdp',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    for (const [, secret] of text.matchAll(/a=ice-(?:ufrag|pwd):(\S+)/g)) secrets.push(secret!)
    const location = response.headers.get('location')
    if (location) secrets.push(location.slice('/session/'.length))
    return { status: response.status, text, location }
  }

  it('lets in those who may, and nobody else', async () => {
    const watched = { url: `${server.whep('acme/cam1')}?token=${playToken}` }
    const visits = { ...watched, visits: 2, atOnce: 2, timeoutMs: 10_000, remove: true }
    expect(await visit(visits)).toMatchObject({ connected: 2, received: 2 })
    const opened = await ask('POST', '/whep/acme/cam1', playToken, offer)
    expect(opened.status).toBe(201)
    expect((await ask('PATCH', opened.location!, playToken, 'a=nothing')).status).toBe(409)
    const attempts = [
      ask('POST', '/whip/acme/cam1', undefined, offer),
      ask('POST', '/whip/acme/cam1', 'a-wrong-key-altogether', offer),
      ask('POST', '/whip/acme/cam1', await token({ exp: 1 }), offer),
      ask('POST', '/whip/acme/main', await token(), offer),
      ask('POST', '/whip/umbrella/cam1', await token(), offer),
      ask('POST', `/whep/acme/cam1?token=${await token()}`, undefined, offer),
      ask('POST', '/whep/acme/cam1', playToken, 'v=0\r\na=ice-pwd:brokenbrokenbrokenbroken\r\n'),
      ask('GET', `/api/v1/streams?token=${playToken}`, undefined),
    ]
    const statuses = (await Promise.all(attempts)).map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 401, 403, 404, 403, 400, 200])
    secrets.push('brokenbrokenbrokenbroken')
  })

  it('keeps tokens, SDP, ICE passwords and addresses to itself (SEC-13, SEC-63)', async () => {
    const log = server.lastWords
    // All there is: the helper keeps the last sixty lines.
    expect(log).toContain('"ready":true')
    expect(log).toContain('publishing')
    let metrics = ''
    const written = async () => {
      const url = `http://127.0.0.1:${server.ports.metricsPort}/metrics`
      metrics = (await server.get(url)).body
      return metrics
    }
    await expect
      .poll(written, { timeout: 10_000 })
      .toMatch(/^tailrace_audit_records_total\{outcome="written"\} [1-9]/m)
    const audit = ['@node', 'acme']
      .flatMap((chain) =>
        readdirSync(join(folder, 'audit', chain)).map((file) => join(chain, file)),
      )
      .map((file) => readFileSync(join(folder, 'audit', file), 'utf8'))
      .join('')
    for (const [where, text] of Object.entries({ log, metrics, audit })) {
      for (const secret of secrets) expect([where, text.includes(secret)]).toEqual([where, false])
      expect(text).not.toMatch(/a=(?:ice|candidate|fingerprint)|v=0\\r|candidate:/)
    }
    // The one address in the log is where we listen.
    const addresses = log.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? []
    expect(new Set(addresses).size).toBeLessThanOrEqual(1)
    expect(metrics).not.toMatch(/\b\d+\.\d+\.\d+\.\d+\b/)
  })

  it('ends what runs with a token that is revoked, and has all of it on record', async () => {
    const closed = publisher.state('closed')
    const revoked = await ask(
      'POST',
      '/api/v1/revocations',
      adminKey,
      '{"kind":"subject","value":"anna","tenant":"acme"}',
    )
    expect([revoked.status, JSON.parse(revoked.text).ended]).toEqual([201, 1])
    await closed
    expect((await ask('POST', '/whip/acme/cam1', await token({ iat: 1 }), offer)).status).toBe(401)
    await server.stop()
    const reports = await verifyAudit({ folder: join(folder, 'audit') })
    expect(reports.map(({ tenant, fault }) => [tenant, fault])).toEqual([
      ['@node', undefined],
      ['acme', undefined],
    ])
    const chain = readFileSync(join(folder, 'audit', 'acme', '000000000001.jsonl'), 'utf8')
    const events = chain
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event)
    const wanted = ['session.create', 'token.reject', 'revocation.create', 'session.end']
    expect(new Set(events)).toEqual(new Set(wanted))
    expect(events.indexOf('revocation.create')).toBeLessThan(events.lastIndexOf('session.end'))
    expect(chain).toContain('"subject":"anna"')
    expect(chain).toContain('"ip":"203.0.113.0/24"')
  })
})
