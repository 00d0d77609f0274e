import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPost, sessionId, tag } from '#test/support/http.ts'

const watch = { ...goodPost, url: '/whep/main', headers: { 'content-type': 'application/sdp' } }

describe('WHEP session setup (draft-ietf-wish-whep §4.3)', () => {
  it('answers an offer with 201, the answer, the session URL and its tag', async () => {
    const app = await fakeServer({ iceServers: [{ url: 'stun:a' }] })
    const response = await app.inject(watch)
    expect(response.statusCode).toBe(201)
    expect(response.body).toBe('v=0\r\n')
    expect(response.headers).toMatchObject({
      'content-type': 'application/sdp',
      'content-length': '5',
      location: `/session/${sessionId}`,
      etag: tag,
      link: ['<stun:a>; rel="ice-server"'],
    })
  })

  it.each`
    url                 | name
    ${'/whep/main'}     | ${{ tenant: 'default', stream: 'main' }}
    ${'/whep/acme/m-1'} | ${{ tenant: 'acme', stream: 'm-1' }}
    ${'/main/whep'}     | ${{ tenant: 'default', stream: 'main' }}
    ${'/acme/m_1/whep'} | ${{ tenant: 'acme', stream: 'm_1' }}
  `('shows $name.tenant/$name.stream at $url', async ({ url, name }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    await app.inject({ ...watch, url })
    expect(media.offers).toEqual([
      {
        name,
        principal: principalOf(undefined),
        offer: 'v=0\r\n',
        userAgent: 'lightMyRequest',
        address: '127.0.0.1',
        receivedAt: 1000,
      },
    ])
  })

  it('takes the play token as `@eyevinn/webrtc-player` sends it, without "Bearer" (IO-10)', async () => {
    const authority = new Permissions({
      publishKeys: [],
      playTokens: ['play-1'],
      allowAnonymousPublish: false,
    })
    const app = await fakeServer({ authority })
    const headers = { ...watch.headers, authorization: 'play-1' }
    expect((await app.inject({ ...watch, headers })).statusCode).toBe(201)
    expect((await app.inject(watch)).statusCode).toBe(401)
  })

  it.each`
    code                    | status | retryAfter
    ${'stream-not-live'}    | ${409} | ${'2'}
    ${'no-common-codec'}    | ${422} | ${undefined}
    ${'unacceptable-offer'} | ${422} | ${undefined}
    ${'malformed-sdp'}      | ${400} | ${undefined}
    ${'full'}               | ${503} | ${'5'}
  `('answers $code with $status, never 406 (WHEP-22)', async ({ code, status, retryAfter }) => {
    const media = new FakeMedia()
    media.refusal = new ServiceError(code, 'for a reason')
    const app = await fakeServer({ media })
    const response = await app.inject(watch)
    expect(response.statusCode).toBe(status)
    expect(response.headers['retry-after']).toBe(retryAfter)
    expect(response.headers['content-type']).toMatch('application/problem+json')
  })
})

describe('WHEP discovery (draft-ietf-wish-whep §4.2)', () => {
  it.each(['GET', 'HEAD'] as const)(
    'answers %s with the type, no body and no question for a token',
    async (method) => {
      const authority = new Permissions({
        publishKeys: [],
        playTokens: ['play-1'],
        allowAnonymousPublish: false,
      })
      const media = new FakeMedia()
      const app = await fakeServer({ authority, media })
      const response = await app.inject({ method, url: '/whep/main' })
      expect([response.statusCode, response.body]).toEqual([200, ''])
      expect(response.headers).toMatchObject({
        'content-type': 'application/sdp',
        'content-length': '0',
      })
      expect(media.offers).toEqual([])
    },
  )

  it('answers OPTIONS with 200 and Accept-Post', async () => {
    const app = await fakeServer()
    const response = await app.inject({ method: 'OPTIONS', url: '/acme/main/whep' })
    expect(response.statusCode).toBe(200)
    expect(response.headers['accept-post']).toBe('application/sdp')
  })
})
