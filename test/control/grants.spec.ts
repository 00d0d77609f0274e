import { beforeAll, describe, expect, it } from 'vitest'
import type { Refusal } from '#control/authority.ts'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { keyPattern, readKey } from '#control/static-keys.ts'
import { KeyRing } from '#control/tokens/key-ring.ts'
import { TokenVerifier } from '#control/tokens/token-verifier.ts'
import { isUsable, keysOfJwks } from '#control/tokens/verification-key.ts'
import { streamName } from '#core/stream-name.ts'
import { goodClaims, IssuerKey, now } from './tokens/issuer.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })
const cam1 = streamName('acme', 'cam1')
let issuer: IssuerKey
beforeAll(() => {
  issuer = new IssuerKey('k1', 'EdDSA')
})

function permissions(options: object = {}): Permissions {
  const clock = { now: () => 0, wall: () => now * 1000 }
  const fixed = keysOfJwks({ keys: [issuer.jwk] })!.filter(isUsable)
  return new Permissions({
    publishKeys: [],
    playTokens: [],
    allowAnonymousPublish: false,
    clock,
    verifier: new TokenVerifier({ keys: new KeyRing({ fixed, clock }), clock }),
    ...options,
  })
}

describe('a key of the settings', () => {
  it.each`
    written                             | grant
    ${'key-of-anna'}                    | ${{ actions: ['publish'] }}
    ${'key-of-ben='}                    | ${{ actions: ['publish'] }}
    ${'key-of-anna@acme'}               | ${{ actions: ['publish'], tenant: 'acme' }}
    ${'key-of-anna@acme/cam1'}          | ${{ actions: ['publish'], tenant: 'acme', streams: ['cam1'] }}
    ${'key-of-anna@acme/cam*'}          | ${{ actions: ['publish'], tenant: 'acme', streams: ['cam*'] }}
    ${'key-of-anna@acme/*:view+record'} | ${{ actions: ['view', 'record'], tenant: 'acme', streams: ['*'] }}
    ${'key-of-anna:publish+view'}       | ${{ actions: ['publish', 'view'] }}
  `('$written is good for $grant', ({ written, grant }) => {
    expect(written).toMatch(new RegExp(`^(?:${keyPattern})$`))
    expect(readKey(written, 'publish')).toEqual({ key: written.split(/[@:]/)[0], grant })
  })

  it.each([
    'key-of-anna@',
    'key-of-anna@A',
    'key-of-anna@a/*b',
    'key-of-anna@a/b/c',
    'key-of-anna:',
  ])('%s is not written right', (written) => {
    expect(written).not.toMatch(new RegExp(`^(?:${keyPattern})$`))
  })

  it('may be written for several tenants', async () => {
    const both = permissions({ publishKeys: ['key-anna@acme/cam1', 'key-anna@other/*'] })
    expect((await both.authorize('publish', cam1, 'key-anna')).tenant).toBe('acme')
    const there = streamName('other', 'any')
    expect((await both.authorize('publish', there, 'key-anna')).tenant).toBe('other')
    const third = both.authorize('publish', streamName('third', 'any'), 'key-anna')
    await expect(third).rejects.toThrow(code('not-found'))
  })
})

describe('who may do what (SEC-5, SEC-75)', () => {
  it.each`
    action       | tenant     | stream    | answer           | why
    ${'publish'} | ${'acme'}  | ${'cam1'} | ${'yes'}         | ${'it says so'}
    ${'publish'} | ${'acme'}  | ${'cam'}  | ${'yes'}         | ${'the pattern may end there'}
    ${'publish'} | ${'acme'}  | ${'ca'}   | ${'not-allowed'} | ${'the pattern begins otherwise'}
    ${'view'}    | ${'acme'}  | ${'cam1'} | ${'not-allowed'} | ${'it is for something else'}
    ${'admin'}   | ${'acme'}  | ${'cam1'} | ${'not-allowed'} | ${'it is no token of an operator'}
    ${'publish'} | ${'other'} | ${'cam1'} | ${'not-found'}   | ${'the tenant is another'}
    ${'view'}    | ${'other'} | ${'main'} | ${'not-found'}   | ${'the tenant is another, above all'}
  `(
    '$action $tenant/$stream: $answer, because $why',
    async ({ action, tenant, stream, answer }) => {
      const refusals: Refusal[] = []
      const who = permissions({
        publishKeys: ['key-anna@acme/cam*'],
        refused: (refusal: Refusal) => refusals.push(refusal),
      })
      const name = streamName(tenant, stream)
      for (const token of ['key-anna', await issuer.sign()]) {
        const asked = who.authorize(action, name, token)
        if (answer === 'yes') expect(await asked).toMatchObject({ tenant: 'acme' })
        else await expect(asked).rejects.toThrow(code(answer))
      }
      const told = {
        code: answer,
        action,
        name,
        principal: expect.objectContaining({ tenant: 'acme' }),
      }
      expect(refusals).toEqual(answer === 'yes' ? [] : Array(2).fill(expect.objectContaining(told)))
    },
  )

  it.each`
    claims                                               | action        | may
    ${{ actions: undefined, scope: 'publish' }}          | ${'publish'}  | ${true}
    ${{ actions: undefined, scope: 'openid play' }}      | ${'view'}     | ${true}
    ${{ actions: undefined, scope: 'play' }}             | ${'publish'}  | ${false}
    ${{ actions: ['moderate', 'fly'] }}                  | ${'moderate'} | ${true}
    ${{ actions: [] }}                                   | ${'publish'}  | ${false}
    ${{ actions: undefined }}                            | ${'view'}     | ${false}
    ${{ actions: ['record'], stream: ['main', 'cam1'] }} | ${'record'}   | ${true}
    ${{ stream: undefined }}                             | ${'publish'}  | ${false}
    ${{ stream: '*' }}                                   | ${'publish'}  | ${true}
    ${{ stream: 'live/cam1' }}                           | ${'publish'}  | ${false}
  `('$claims may $action: $may', async ({ claims, action, may }) => {
    const token = await issuer.sign({ ...goodClaims, ...claims })
    const asked = permissions().authorize(action, cam1, token)
    if (may) expect(await asked).toMatchObject({ subject: 'anna' })
    else await expect(asked).rejects.toThrow(code('not-allowed'))
  })

  it('a token without a tenant is one of the default tenant', async () => {
    const token = await issuer.sign({ ...goodClaims, tenant: undefined })
    await permissions().authorize('publish', streamName(undefined, 'cam1'), token)
    const other = permissions().authorize('publish', cam1, token)
    await expect(other).rejects.toThrow(code('not-found'))
  })

  it('where JWTs are taken nobody views without one, unless the settings say so', async () => {
    const strict = permissions().authorize('view', cam1, undefined)
    await expect(strict).rejects.toThrow(code('token-missing'))
    await expect(permissions().authorize('view', cam1, 'any')).rejects.toThrow(
      code('token-invalid'),
    )
    const open = permissions({ allowAnonymousView: true })
    expect(await open.authorize('view', cam1, undefined)).toEqual(principalOf(undefined))
    await expect(open.authorize('view', cam1, 'any')).rejects.toThrow(code('token-invalid'))
  })
})

describe('the principal of a JWT', () => {
  it('carries what the rest of the server goes by', async () => {
    const token = await issuer.sign({ ...goodClaims, max_height: 720 })
    expect(await permissions().authorize('publish', cam1, token)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      tenant: 'acme',
      streams: ['cam*'],
      subject: 'anna',
      token: principalOf(token).id,
      tokenId: 't-1',
      keyId: 'k1',
      issuedAt: (now - 10) * 1000,
      expiresAt: (now + 600) * 1000,
      maxHeight: 720,
    })
  })

  it('is the same for a token that was renewed, and another for another holder', async () => {
    const id = async (claims: object) => {
      const token = await issuer.sign({ ...goodClaims, ...claims })
      return (await permissions().holder(token))?.id
    }
    const first = await id({})
    expect(await id({ jti: 't-2', exp: now + 900 })).toBe(first)
    const others = [{ sub: 'ben' }, { tenant: 'other' }, { iss: 'another' }, { sub: undefined }]
    expect(new Set(await Promise.all([{}, ...others].map(id))).size).toBe(5)
  })

  it('is nobody where the token does not count', async () => {
    expect(await permissions().holder('any')).toBeUndefined()
    expect(await permissions().holder('a.b.c')).toBeUndefined()
  })
})

describe('a token that is good once (SEC-8)', () => {
  it('publishes once, and again if the first time came to nothing', async () => {
    const who = permissions()
    const token = await issuer.sign({ ...goodClaims, once: true })
    const principal = await who.authorize('publish', cam1, token)
    who.redeem(principal)()
    who.redeem(principal)
    expect(() => who.redeem(principal)).toThrow(code('token-invalid'))
    const { once: _once, ...always } = principal
    who.redeem(always)
    who.redeem(always)
  })
})
