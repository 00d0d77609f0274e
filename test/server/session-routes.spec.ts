import { describe, expect, it } from 'vitest'
import { RateLimiter } from '#control/rate-limiter.ts'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPatch, sessionId } from '#test/support/http.ts'

const url = `/session/${sessionId}`
const unknown = '/session/zzzzzzzzzzzzzzzzzzzzzz'

describe('trickle (RFC 9725 §4.3.2)', () => {
  it('answers candidates with 204, no body and no tag', async () => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const response = await app.inject(goodPatch)
    expect([response.statusCode, response.body]).toEqual([204, ''])
    expect(response.headers).not.toHaveProperty('etag')
    expect(media.fragments).toEqual([goodPatch.payload])
  })

  const type = goodPatch.headers['content-type']
  it.each`
    status | what                                          | headers
    ${204} | ${'no If-Match, as whip-whep to WHEP (IO-8)'} | ${{}}
    ${204} | ${'any tag'}                                  | ${{ 'if-match': '*' }}
    ${204} | ${'any tag, quoted'}                          | ${{ 'if-match': '"*"' }}
    ${204} | ${'a list that holds the tag'}                | ${{ 'if-match': '"0", "1"' }}
    ${412} | ${'the tag of another ICE session'}           | ${{ 'if-match': '"0"' }}
    ${412} | ${'a weak tag'}                               | ${{ 'if-match': 'W/"1"' }}
    ${204} | ${'the tag in a header named ETag (IO-9)'}    | ${{ etag: '"1"' }}
    ${204} | ${'another tag in a header named ETag'}       | ${{ etag: '"0"' }}
    ${204} | ${"the session's token"}                      | ${{ authorization: 'Bearer key-1' }}
    ${401} | ${"another's token"}                          | ${{ authorization: 'Bearer key-2' }}
    ${415} | ${'an SDP'}                                   | ${{ 'content-type': 'application/sdp' }}
    ${415} | ${'a compressed body'}                        | ${{ 'content-encoding': 'deflate' }}
  `('answers $status to $what', async ({ status, headers }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const response = await app.inject({
      ...goodPatch,
      headers: { 'content-type': type, ...headers },
    })
    expect(response.statusCode).toBe(status)
    // WHIP-58: a refusal changes nothing.
    expect(media.fragments).toHaveLength(status === 204 ? 1 : 0)
  })

  it('answers an empty fragment with 400', async () => {
    const app = await fakeServer()
    expect((await app.inject({ ...goodPatch, payload: '' })).statusCode).toBe(400)
  })

  it.each`
    code                      | status
    ${'malformed-sdp'}        | ${400}
    ${'unsupported-fragment'} | ${422}
  `('answers $code with $status', async ({ code, status }) => {
    const media = new FakeMedia()
    media.refusal = new ServiceError(code, 'for a reason')
    const app = await fakeServer({ media })
    expect((await app.inject(goodPatch)).statusCode).toBe(status)
  })

  // WHIP-60: session, token, type, precondition, in this order.
  it.each`
    first  | url        | headers
    ${404} | ${unknown} | ${{ authorization: 'key-2', 'content-type': 'a/b', 'if-match': '"0"' }}
    ${401} | ${url}     | ${{ authorization: 'key-2', 'content-type': 'a/b', 'if-match': '"0"' }}
    ${415} | ${url}     | ${{ 'content-type': 'a/b', 'if-match': '"0"' }}
    ${412} | ${url}     | ${{ 'content-type': type, 'if-match': '"0"' }}
  `('of several faults names $first first', async ({ first, url, headers }) => {
    const app = await fakeServer()
    expect((await app.inject({ ...goodPatch, url, headers })).statusCode).toBe(first)
  })
})

describe('end of a session (RFC 9725 §4.2)', () => {
  it.each`
    how                                              | headers
    ${'without a token'}                             | ${{}}
    ${'with its token'}                              | ${{ authorization: 'Bearer key-1' }}
    ${'with a stale tag, which does not count here'} | ${{ 'if-match': '"0"' }}
    ${'with a media type of nothing'}                | ${{ 'content-type': 'application/sdp' }}
  `('DELETE $how answers 200 and ends it', async ({ headers }) => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const response = await app.inject({ method: 'DELETE', url, headers })
    expect(response.statusCode).toBe(200)
    expect(media.ended).toEqual([sessionId])
    expect((await app.inject(goodPatch)).statusCode).toBe(404)
  })

  it('DELETE answers 200 again when it has ended already (IO-5)', async () => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    await app.inject({ method: 'DELETE', url })
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(200)
    expect((await app.inject({ method: 'DELETE', url: unknown })).statusCode).toBe(200)
    expect(media.ended).toEqual([sessionId])
  })

  it("DELETE with another's token answers 401 and ends nothing", async () => {
    const media = new FakeMedia()
    const app = await fakeServer({ media })
    const headers = { authorization: 'Bearer key-2' }
    expect((await app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(401)
    expect(media.ended).toEqual([])
  })

  it.each(['short', 'with%20space%20in%20it%20so', 'x'.repeat(23)])(
    'DELETE of an id that was never ours, %s, answers 404',
    async (id) => {
      const app = await fakeServer()
      const response = await app.inject({ method: 'DELETE', url: `/session/${id}` })
      expect(response.statusCode).toBe(404)
    },
  )
})

describe('session resource, other methods', () => {
  it.each(['GET', 'HEAD'] as const)(
    'answers %s with 204, or 404 for none (§4.1)',
    async (method) => {
      const app = await fakeServer()
      const response = await app.inject({ method, url })
      expect([response.statusCode, response.body]).toEqual([204, ''])
      expect((await app.inject({ method, url: unknown })).statusCode).toBe(404)
    },
  )

  it.each(['POST', 'PUT'] as const)('answers %s with 405 and Allow', async (method) => {
    const app = await fakeServer()
    const response = await app.inject({ method, url })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('OPTIONS, PATCH, DELETE, GET, HEAD')
  })

  it('answers OPTIONS with 200 whoever asks, about any session', async () => {
    const app = await fakeServer()
    const response = await app.inject({ method: 'OPTIONS', url: unknown })
    expect(response.statusCode).toBe(200)
    expect(response.headers['accept-patch']).toBe('application/trickle-ice-sdpfrag')
  })

  it('limits the rate of PATCH and DELETE (§5)', async () => {
    const app = await fakeServer({ limiter: new RateLimiter({ perSecond: 1, burst: 1 }) })
    expect((await app.inject(goodPatch)).statusCode).toBe(204)
    expect((await app.inject(goodPatch)).statusCode).toBe(429)
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(429)
  })
})
