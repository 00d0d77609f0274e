import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { streamName } from '#core/stream-name.ts'
import { anyoneMayWatch, createPermissions } from '#server/access.ts'
import { loadConfig } from '#server/config.ts'
import { portOf } from '#server/listening.ts'
import { keyFor } from '#server/publish-key.ts'
import { goodClaims, IssuerKey, now, sign } from '#test/control/tokens/issuer.ts'

const log = pino({ level: 'silent' })
const clock = { now: () => 0, wall: () => now * 1000 }
const cam1 = streamName('acme', 'cam1')
const secret = '0123456789abcdef0123456789abcdef'
const file = join(mkdtempSync(join(tmpdir(), 'tailrace-jwks-')), 'jwks.json')
let issuer: IssuerKey
beforeAll(() => {
  issuer = new IssuerKey('k1', 'EdDSA')
  writeFileSync(file, JSON.stringify({ keys: [issuer.jwk] }))
})
afterAll(() => rmSync(join(file, '..'), { recursive: true }))

function permissions(env: Record<string, string>) {
  const config = loadConfig({ env })
  return createPermissions({ config, keys: { kind: 'keys', keys: ['made-key'] }, clock, log })
}

describe('the keys of the settings', () => {
  it('may be a file, or the text itself', async () => {
    for (const written of [file, JSON.stringify({ keys: [issuer.jwk] })]) {
      const who = permissions({ TAILRACE_JWT_KEYS: written })
      expect(await who.authorize('publish', cam1, await issuer.sign())).toMatchObject({
        subject: 'anna',
      })
    }
  })

  it('two secrets count at a time, by kid or without', async () => {
    const newer = 'fedcba9876543210fedcba9876543210'
    const who = permissions({ TAILRACE_JWT_SECRET: `${secret},k2:${newer}` })
    const tokens = [
      await sign(goodClaims, Buffer.from(secret), { alg: 'HS256' }),
      await sign(goodClaims, Buffer.from(newer), { alg: 'HS256', kid: 'k2' }),
    ]
    for (const token of tokens) await who.authorize('publish', cam1, token)
  })

  it('are checked for issuer and audience where the settings name these', async () => {
    const env = {
      TAILRACE_JWT_KEYS: file,
      TAILRACE_JWT_ISSUER: 'issuer',
      TAILRACE_JWT_AUDIENCE: 'elsewhere',
    }
    const asked = permissions(env).authorize('publish', cam1, await issuer.sign())
    await expect(asked).rejects.toThrow(/"aud" is not right here/)
  })

  it.each`
    written                                      | words
    ${'/nowhere/jwks.json'}                      | ${/no such file.*give a JWK Set/}
    ${'{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'} | ${/key 1 is not public/}
    ${'{"keys":7}'}                              | ${/holds no JWK Set/}
    ${'{"c2VjcmV0":'}                            | ${/it is no JSON/}
  `('are refused by name: $words', ({ written, words }) => {
    expect(() => permissions({ TAILRACE_JWT_KEYS: written })).toThrow(words)
    expect(() => permissions({ TAILRACE_JWT_KEYS: written })).not.toThrow(/c2VjcmV0/)
  })
})

describe('the keys of an issuer', () => {
  const published: object[] = []
  let asked = 0
  const server = createServer((_request, reply) => {
    asked++
    reply.end(JSON.stringify({ keys: published }))
  })
  beforeAll(async () => {
    published.push(issuer.jwk)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => server.close().closeAllConnections())

  it('come from its address, at the start and not for each token', async () => {
    const url = `http://127.0.0.1:${portOf(server)}/keys`
    const who = permissions({ TAILRACE_JWT_JWKS_URL: url })
    const token = await issuer.sign()
    const asks = Array.from({ length: 20 }, () => who.authorize('publish', cam1, token))
    expect(new Set((await Promise.all(asks)).map(({ subject }) => subject))).toEqual(
      new Set(['anna']),
    )
    const stranger = await new IssuerKey('k2', 'EdDSA').sign()
    await expect(who.authorize('publish', cam1, stranger)).rejects.toThrow(/no key of this server/)
    expect(asked).toBe(1)
  })

  it('that cannot be had let nobody in, and do not say that the token is bad', async () => {
    const who = permissions({ TAILRACE_JWT_JWKS_URL: 'http://127.0.0.1:9/keys' })
    const refused = who.authorize('publish', cam1, await issuer.sign())
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'keys-unavailable' }))
  })
})

describe('who may watch', () => {
  it.each`
    env                                                             | anyone
    ${{}}                                                           | ${true}
    ${{ TAILRACE_PLAY_TOKEN: 'play-token' }}                        | ${false}
    ${{ TAILRACE_JWT_SECRET: secret }}                              | ${false}
    ${{ TAILRACE_JWT_JWKS_URL: 'https://issuer.example/keys' }}     | ${false}
    ${{ TAILRACE_JWT_SECRET: secret, TAILRACE_PLAY_TOKEN: 'none' }} | ${true}
  `('anyone with $env: $anyone', async ({ env, anyone }) => {
    const config = loadConfig({ env })
    expect(anyoneMayWatch(config)).toBe(anyone)
    const { TAILRACE_JWT_JWKS_URL: _url, ...rest } = env
    if (_url === undefined) {
      const asked = permissions(rest).authorize('view', cam1, undefined)
      if (anyone) expect((await asked).id).toBe('anonymous')
      else await expect(asked).rejects.toThrow(/needs a play token/)
    }
  })
})

it('the key for the demo is one that may publish it', () => {
  const keys = { kind: 'keys', keys: ['key-anna@acme', 'key-ben@default/demo', 'key-cem'] } as const
  expect(keyFor(keys)).toBe('key-anna')
  expect(keyFor(keys, 'demo')).toBe('key-ben')
  expect(keyFor(keys, 'main')).toBe('key-cem')
  expect(keyFor({ kind: 'open' }, 'demo')).toBeUndefined()
})
