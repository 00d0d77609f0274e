import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { KeyRing } from '#control/tokens/key-ring.ts'
import { looksLikeJwt, TokenVerifier } from '#control/tokens/token-verifier.ts'
import { isUsable, keyOfSecret, keysOfJwks } from '#control/tokens/verification-key.ts'
import { goodClaims, IssuerKey, now, sign } from './issuer.ts'

const secret = '0123456789abcdef0123456789abcdef'
const invalid = expect.objectContaining({ code: 'token-invalid' })
let keys: Record<'ed' | 'rsa' | 'ec', IssuerKey>
beforeAll(() => {
  keys = {
    ed: new IssuerKey('ed-1', 'EdDSA'),
    rsa: new IssuerKey('rsa-1', 'RS256'),
    ec: new IssuerKey('ec-1', 'ES256'),
  }
})

const encoded = (text: string) => Buffer.from(text).toString('base64url')

function verifier({ wall = now * 1000, leeway = 60, ...rest } = {}): TokenVerifier {
  const clock = { now: () => 0, wall: () => wall }
  const jwks = keysOfJwks({ keys: Object.values(keys).map(({ jwk }) => jwk) })!
  const fixed = [keyOfSecret(secret), ...jwks].filter(isUsable)
  return new TokenVerifier({ keys: new KeyRing({ fixed, clock }), clock, leeway, ...rest })
}

describe('the vector of SEC-11', () => {
  const token =
    'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJhdWQiOiJ3aGlwLmV4YW1wbGUuY29tIiwiZXhwIjoxNzAwMDAzNjAwLCJpYXQiOjE3MDAwMDAwMDAsImlzcyI6ImN0bCIsImp0aSI6InQtMSIsInNjb3BlIjoicHVibGlzaCIsInN0cmVhbSI6ImxpdmUvY2FtMSIsInN1YiI6InUxIiwidGVuYW50IjoiYWNtZSJ9.N-ac43Renktrebry0jw-4KlcVYDnA2I7w9etpb434bE'
  const rules = { leeway: 0, issuer: 'ctl', audience: 'whip.example.com' }

  it.each([1_700_000_000, 1_700_003_599])('counts at %i', async (seconds) => {
    const { claims, kid } = await verifier({ ...rules, wall: seconds * 1000 }).verify(token)
    expect(claims).toMatchObject({ sub: 'u1', tenant: 'acme', scope: 'publish', jti: 't-1' })
    expect(kid).toBeUndefined()
  })

  it.each([1_699_999_999, 1_700_003_601])('does not count at %i', async (seconds) => {
    const refused = verifier({ ...rules, wall: seconds * 1000 }).verify(token)
    await expect(refused).rejects.toThrow(invalid)
  })

  it('does not count with another last byte, or another payload', async () => {
    const at = verifier({ ...rules, wall: 1_700_000_000_000 })
    const [head, body, signature] = token.split('.') as [string, string, string]
    const other = Buffer.from(JSON.stringify({ ...goodClaims, scope: 'admin' })).toString(
      'base64url',
    )
    await expect(at.verify(`${head}.${body}.${signature.slice(0, -2)}aE`)).rejects.toThrow(invalid)
    await expect(at.verify(`${head}.${other}.${signature}`)).rejects.toThrow(invalid)
  })
})

describe('a token (RFC 8725 §3)', () => {
  it.each(['ed', 'rsa', 'ec'] as const)('of %s counts, its key found by kid', async (name) => {
    const { claims, kid } = await verifier().verify(await keys[name].sign())
    expect(claims).toEqual(goodClaims)
    expect(kid).toBe(keys[name].kid)
  })

  it('counts under either name of EdDSA (RFC 9864 §2.2) and of its type', async () => {
    await verifier().verify(await keys.ed.sign(goodClaims, { alg: 'Ed25519' }))
    await verifier().verify(await keys.ed.sign(goodClaims, { typ: 'JWT' }))
    await verifier().verify(await keys.ed.sign(goodClaims, { typ: 'application/AT+JWT' }))
  })

  it.each`
    claims                                                 | why
    ${{ exp: now - 61 }}                                   | ${'it expired over a minute ago'}
    ${{ exp: undefined }}                                  | ${'it never expires (SEC-3)'}
    ${{ exp: '9999999999' }}                               | ${'its expiry is text'}
    ${{ nbf: now + 61 }}                                   | ${'it begins in over a minute'}
    ${{ iat: now + 61 }}                                   | ${'it was issued in the future'}
    ${{ iss: 'issuer2' }}                                  | ${'another issued it'}
    ${{ iss: undefined }}                                  | ${'nobody says to have issued it'}
    ${{ aud: 'tailrace.example' }}                         | ${'it is for another service'}
    ${{ aud: undefined }}                                  | ${'it is for nobody in particular'}
    ${{ tenant: 'Acme/../x' }}                             | ${'its tenant is no name'}
    ${{ stream: '*cam' }}                                  | ${'its pattern is none'}
    ${{ stream: Array.from({ length: 65 }, () => 'cam') }} | ${'it names too many streams'}
    ${{ actions: 'publish' }}                              | ${'its actions are no list'}
    ${{ max_height: 0 }}                                   | ${'its height is none'}
    ${{ sub: 7 }}                                          | ${'its subject is a number'}
    ${{ once: true, jti: undefined }}                      | ${'it is good once and has no name'}
  `('does not count when $why', async ({ claims }) => {
    const strict = verifier({ issuer: 'issuer', audience: 'tailrace' } as object)
    await strict.verify(await keys.ed.sign(goodClaims))
    const token = await keys.ed.sign({ ...goodClaims, ...claims })
    await expect(strict.verify(token)).rejects.toThrow(invalid)
  })

  it.each([{ exp: now - 59 }, { nbf: now + 59 }, { iat: now + 59 }])(
    'may be a minute off: %o',
    async (claims) => {
      await verifier().verify(await keys.ed.sign({ ...goodClaims, ...claims }))
    },
  )

  it('does not count unsigned', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = `${part({ alg: 'none', typ: 'at+jwt' })}.${part(goodClaims)}.`
    await expect(verifier().verify(none)).rejects.toThrow(invalid)
    await expect(verifier().verify(`${none}AA`)).rejects.toThrow(invalid)
  })

  it('does not count with a public key as its secret (SEC-2)', async () => {
    const stolen = Buffer.from(keys.rsa.publicPem)
    const token = await sign(goodClaims, stolen, { alg: 'HS256', kid: keys.rsa.kid })
    await expect(verifier().verify(token)).rejects.toThrow(invalid)
    const nameless = await sign(goodClaims, stolen, { alg: 'HS256' })
    await expect(verifier().verify(nameless)).rejects.toThrow(invalid)
  })

  it('does not count by a key that it brings along (SEC-1)', async () => {
    const own = new IssuerKey('own', 'EdDSA')
    const token = await own.sign(goodClaims, {
      jwk: own.jwk,
      jku: 'https://a/',
      x5u: 'a',
    } as object)
    await expect(verifier().verify(token)).rejects.toThrow(invalid)
  })

  it('does not count under the kid of another key', async () => {
    const token = await keys.ed.sign(goodClaims, { kid: keys.ec.kid })
    await expect(verifier().verify(token)).rejects.toThrow(invalid)
  })

  it.each(['dpop+jwt', 'logout+jwt', 'jwt2', ''])(
    'does not count as a "%s" (SEC-6)',
    async (typ) => {
      const token = await keys.ed.sign(goodClaims, { typ })
      await expect(verifier().verify(token)).rejects.toThrow(invalid)
    },
  )

  it.each(['a.b.c', 'e30.e30.e30', 'bnVsbA.e30.AA', 'eyJhbGciOjd9.e30.AA'])(
    'does not count, nor crash, when it is %s',
    async (token) => {
      await expect(verifier().verify(token)).rejects.toThrow(invalid)
    },
  )

  it('is refused as one, whatever its bytes', async () => {
    const part = fc.oneof(fc.base64String(), fc.string(), fc.json().map(encoded))
    const header = fc.record({
      alg: fc.constantFrom('HS256', 'EdDSA', 'RS256', 'none', '__proto__'),
      typ: fc.constant('at+jwt'),
      kid: fc.oneof(fc.string(), fc.constantFrom('ed-1', 'rsa-1')),
      crit: fc.oneof(fc.constant(undefined), fc.jsonValue()),
    })
    const head = fc.oneof(
      part,
      header.map((value) => encoded(JSON.stringify(value))),
    )
    await fc.assert(
      fc.asyncProperty(head, part, part, async (...parts) => {
        await expect(verifier().verify(parts.join('.'))).rejects.toThrow(invalid)
      }),
      { numRuns: 300 },
    )
  })

  it('is three parts of base64url without padding (SEC-12)', () => {
    expect(looksLikeJwt('a-_9.b.c')).toBe(true)
    for (const text of ['a.b', 'a.b.c.d', 'a.b.c=', 'a. b.c', 'a.b.', 'a.b.c\n', 'a+.b.c']) {
      expect(looksLikeJwt(text)).toBe(false)
    }
  })
})

describe('keys that are not used', () => {
  it.each`
    jwk                                                    | fault
    ${() => ({ kty: 'oct', k: 'A'.repeat(43) })}           | ${'not public'}
    ${() => keys.ed.privateJwk}                            | ${'not public'}
    ${() => ({ ...keys.ed.jwk, use: 'enc' })}              | ${'not for signatures'}
    ${() => ({ ...keys.rsa.jwk, alg: 'HS256' })}           | ${'is for "HS256"'}
    ${() => ({ ...keys.rsa.jwk, alg: 'PS256' })}           | ${'is for "PS256"'}
    ${() => new IssuerKey('short', 'RS256', 1024).jwk}     | ${'2048 bits'}
    ${() => ({ kty: 'EC', crv: 'P-256', x: 'AA', y: '' })} | ${''}
    ${() => 'key'}                                         | ${'no JWK'}
  `('are told apart: $fault', ({ jwk, fault }) => {
    const [key] = keysOfJwks({ keys: [jwk()] })!
    expect(key).toEqual({ fault: expect.stringContaining(fault) })
  })

  it('nor is what is no set of keys, or far too many', () => {
    for (const document of [undefined, [], { keys: {} }, { keys: Array.from({ length: 33 }) }]) {
      expect(keysOfJwks(document)).toBeUndefined()
    }
  })

  it('nor a secret that can be guessed (SEC-10)', () => {
    expect(isUsable(keyOfSecret(secret.slice(1)))).toBe(false)
    expect(keyOfSecret(`old:${secret}`)).toMatchObject({ kid: 'old', algorithms: ['HS256'] })
  })
})
