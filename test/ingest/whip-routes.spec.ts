import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPost, sessionId, tag } from '#test/support/http.ts'

describe('WHIP session setup (RFC 9725 §4.2)', () => {
  it('answers an offer with 201, the answer, the session URL and its tag', async () => {
    const app = await fakeServer()
    const response = await app.inject(goodPost)
    expect(response.statusCode).toBe(201)
    expect(response.body).toBe('v=0\r\n')
    expect(response.headers).toMatchObject({
      'content-type': 'application/sdp',
      // IO-1: ffmpeg does not read a chunked answer.
      'content-length': '5',
      // IO-2: OBS resolves a relative URL from the root.
      location: `/session/${sessionId}`,
      etag: tag,
      'accept-patch': 'application/trickle-ice-sdpfrag',
    })
    expect(response.headers).not.toHaveProperty('link')
  })

  it.each`
    url                     | name
    ${'/whip/main'}         | ${{ tenant: 'default', stream: 'main' }}
    ${'/whip/acme/main'}    | ${{ tenant: 'acme', stream: 'main' }}
    ${'/main/whip'}         | ${{ tenant: 'default', stream: 'main' }}
    ${'/acme/main/whip'}    | ${{ tenant: 'acme', stream: 'main' }}
    ${'/whip/main?token=x'} | ${{ tenant: 'default', stream: 'main' }}
  `('publishes $name.tenant/$name.stream at $url', async ({ url, name }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const headers = { ...goodPost.headers, 'user-agent': 'OBS' }
    await app.inject({ ...goodPost, url, headers })
    expect(media.offers).toEqual([
      {
        name,
        principal: principalOf('key-1'),
        offer: 'v=0\r\n',
        userAgent: 'OBS',
        address: '127.0.0.1',
        receivedAt: 1000,
      },
    ])
  })

  it('names the ICE servers in the 201, one Link each (§4.6)', async () => {
    const iceServers = [{ url: 'stun:a' }, { url: 'turn:b', username: 'u', credential: 'p' }]
    const app = await fakeServer({ iceServers })
    expect((await app.inject(goodPost)).headers.link).toEqual([
      '<stun:a>; rel="ice-server"',
      '<turn:b>; rel="ice-server"; username="u"; credential="p"; credential-type="password"',
    ])
  })

  it.each`
    what                                   | type
    ${'in capitals'}                       | ${'Application/SDP'}
    ${'with a parameter'}                  | ${'application/sdp; charset=utf-8'}
    ${'with a parameter of another maker'} | ${'application/sdp;valid-until="x;y"'}
  `('takes the media type $what (RFC 9110 §8.3.1)', async ({ type }) => {
    const app = await fakeServer()
    const headers = { ...goodPost.headers, 'content-type': type }
    expect((await app.inject({ ...goodPost, headers })).statusCode).toBe(201)
  })

  const large = 'x'.repeat(64 * 1024)
  it.each`
    status | what                                   | headers                                      | payload
    ${415} | ${'another type'}                      | ${{ 'content-type': 'application/json' }}    | ${'{}'}
    ${415} | ${'another type that begins so'}       | ${{ 'content-type': 'application/sdpfrag' }} | ${'v=0'}
    ${415} | ${'a type that is none'}               | ${{ 'content-type': 'sdp' }}                 | ${'v=0'}
    ${415} | ${'a body without a type'}             | ${{ 'content-type': undefined }}             | ${'v=0'}
    ${415} | ${'a compressed body (SEC-27)'}        | ${{ 'content-encoding': 'gzip' }}            | ${'v=0'}
    ${400} | ${'an empty body'}                     | ${{}}                                        | ${''}
    ${400} | ${'no body and no type'}               | ${{ 'content-type': undefined }}             | ${undefined}
    ${413} | ${'a body past 64 KiB (WHIP-20)'}      | ${{}}                                        | ${`${large}x`}
    ${201} | ${'a body of just 64 KiB'}             | ${{}}                                        | ${large}
    ${401} | ${'an offer without a key (WHIP-145)'} | ${{ authorization: undefined }}              | ${'v=0'}
  `('answers $status to $what', async ({ status, headers, payload }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const wanted: Record<string, string | undefined> = { ...goodPost.headers, ...headers }
    const sent = Object.entries(wanted).flatMap(([key, value]) => (value ? [[key, value]] : []))
    const response = await app.inject({
      ...goodPost,
      headers: Object.fromEntries(sent),
      payload,
    })
    expect(response.statusCode).toBe(status)
    // WHIP-21: nothing is set up for an offer that is refused.
    expect(media.offers).toHaveLength(status === 201 ? 1 : 0)
  })

  it.each`
    url                           | what
    ${`/whip/${'a'.repeat(65)}`}  | ${'a name past 64 characters'}
    ${`/whip/${'a'.repeat(500)}`} | ${'a name far past that'}
    ${'/whip/Main'}               | ${'a capital letter'}
    ${'/whip/a%2Fb'}              | ${'a path'}
    ${'/whip/a.b/main'}           | ${'a dot in the tenant'}
  `('answers 400 to $what', async ({ url }) => {
    const app = await fakeServer()
    const response = await app.inject({ ...goodPost, url })
    expect(response.statusCode).toBe(400)
    expect(response.json().code).toBe('bad-stream-name')
  })

  it('answers 422, not 406, to an offer without a codec of ours (§4.4.3)', async () => {
    const media = new FakeMedia()
    media.refusal = new ServiceError('no-common-codec', 'only PCMU is offered')
    const app = await fakeServer({ media })
    const response = await app.inject(goodPost)
    expect(response.statusCode).toBe(422)
    expect(response.json()).toMatchObject({
      code: 'unacceptable-offer',
      detail: 'only PCMU is offered',
    })
  })
})

describe('WHIP endpoint, other methods', () => {
  it.each(['GET', 'HEAD'] as const)('answers %s with 204 (§4.1)', async (method) => {
    const app = await fakeServer()
    const response = await app.inject({ method, url: '/whip/main' })
    expect([response.statusCode, response.body]).toEqual([204, ''])
  })

  it.each(['PUT', 'PATCH', 'DELETE'] as const)('answers %s with 405 and Allow', async (method) => {
    const app = await fakeServer()
    const response = await app.inject({ method, url: '/main/whip' })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('OPTIONS, POST, GET, HEAD')
  })

  it('answers OPTIONS with 200 and what it takes, without a token (§4.2)', async () => {
    const app = await fakeServer()
    const response = await app.inject({ method: 'OPTIONS', url: '/whip/main' })
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      allow: 'OPTIONS, POST, GET, HEAD',
      'accept-post': 'application/sdp',
      'accept-patch': 'application/trickle-ice-sdpfrag',
    })
  })

  const preflight = { 'access-control-request-method': 'POST' }
  const key = { authorization: 'Bearer key-1' }
  it.each`
    named    | who                                  | headers
    ${true}  | ${'a client with the key'}           | ${key}
    ${false} | ${'a client without it (SEC-56)'}    | ${{}}
    ${false} | ${'a client with a wrong one'}       | ${{ authorization: 'Bearer no' }}
    ${false} | ${'a preflight'}                     | ${{ ...key, ...preflight }}
    ${true}  | ${'a preflight that will read Link'} | ${{ ...key, ...preflight, 'access-control-request-headers': 'a,Link' }}
  `('names the ICE servers on OPTIONS to $who: $named (§4.6)', async ({ named, headers }) => {
    const app = await fakeServer({ iceServers: [{ url: 'stun:a' }] })
    const response = await app.inject({ method: 'OPTIONS', url: '/whip/main', headers })
    expect(response.statusCode).toBe(200)
    expect(response.headers.link).toEqual(named ? ['<stun:a>; rel="ice-server"'] : undefined)
  })
})

describe('authorisation (RFC 9725 §4.7)', () => {
  it.each`
    form                                     | url                         | authorization
    ${'a bearer token'}                      | ${'/whip/main'}             | ${'Bearer key-1'}
    ${'a bearer token, spelled otherwise'}   | ${'/whip/main'}             | ${'bearer  key-1'}
    ${'the bare key (IO-10)'}                | ${'/whip/main'}             | ${'key-1'}
    ${'a token in the URL'}                  | ${'/whip/main?token=key-1'} | ${undefined}
    ${'a token in the URL, an empty header'} | ${'/whip/main?token=key-1'} | ${'Bearer '}
  `('takes $form', async ({ url, authorization }) => {
    const app = await fakeServer()
    const headers = {
      'content-type': 'application/sdp',
      ...(authorization ? { authorization } : {}),
    }
    expect((await app.inject({ ...goodPost, url, headers })).statusCode).toBe(201)
  })

  it.each`
    authorization      | status | challenge
    ${undefined}       | ${401} | ${'Bearer realm="tailrace"'}
    ${'Bearer no'}     | ${401} | ${'Bearer realm="tailrace", error="invalid_token"'}
    ${'Bearer play-1'} | ${403} | ${'Bearer realm="tailrace", error="insufficient_scope"'}
  `('answers $authorization with $status and a challenge (RFC 6750 §3)', async (row) => {
    const authority = new Permissions({
      publishKeys: ['key-1'],
      playTokens: ['play-1'],
      allowAnonymousPublish: false,
    })
    const app = await fakeServer({ authority })
    const { authorization } = row
    const headers = {
      'content-type': 'application/sdp',
      ...(authorization ? { authorization } : {}),
    }
    const response = await app.inject({ ...goodPost, headers })
    expect(response.statusCode).toBe(row.status)
    expect(response.headers['www-authenticate']).toBe(row.challenge)
  })
})

describe('rate limit (RFC 9725 §5)', () => {
  it('answers 429 with Retry-After past the burst, and only to POST', async () => {
    const limiter = new RateLimiter({ perSecond: 0.1, burst: 1 })
    const app = await fakeServer({ limiter })
    expect((await app.inject(goodPost)).statusCode).toBe(201)
    const refused = await app.inject(goodPost)
    expect(refused.statusCode).toBe(429)
    expect(refused.headers['retry-after']).toBe('10')
    expect((await app.inject({ method: 'OPTIONS', url: '/whip/main' })).statusCode).toBe(200)
  })

  it('counts what one key does to one stream, wherever it comes from (SEC-20)', async () => {
    const publishLimiter = new RateLimiter({ perSecond: 0.1, burst: 1 }, 'with this key')
    const app = await fakeServer({ publishLimiter })
    expect((await app.inject(goodPost)).statusCode).toBe(201)
    expect((await app.inject({ ...goodPost, url: '/whip/other' })).statusCode).toBe(201)
    const refused = await app.inject({ ...goodPost, remoteAddress: '192.0.2.7' })
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '10'])
    expect((await app.inject({ ...goodPost, url: '/whep/main' })).statusCode).toBe(201)
  })
})
