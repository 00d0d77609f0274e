import { describe, expect, it } from 'vitest'
import { RateLimiter } from '#control/rate-limiter.ts'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPatch, sessionId, unansweredId } from '#test/support/http.ts'

const url = `/session/${sessionId}`
const type = goodPatch.headers['content-type']
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
    ${415} | ${'another type'}                             | ${{ 'content-type': 'text/plain' }}
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
    code                     | status
    ${'malformed-sdp'}       | ${400}
    ${'precondition-failed'} | ${412}
    ${'rate-limited'}        | ${429}
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

describe('ICE restart (RFC 9725 §4.3.3)', () => {
  const fragment = 'a=ice-ufrag:new1\r\na=ice-pwd:0123456789012345678901\r\n'

  it('answers 200 with our fragment and the new tag', async () => {
    const media = new FakeMedia()
    media.restart = { fragment: 'a=ice-lite\r\n', etag: '"2"' }
    const app = await fakeServer({ media })
    const headers = { 'content-type': type, 'if-match': '"*"' }
    const response = await app.inject({ ...goodPatch, headers, payload: fragment })
    expect([response.statusCode, response.body]).toEqual([200, 'a=ice-lite\r\n'])
    expect(response.headers).toMatchObject({
      etag: '"2"',
      'content-type': type,
      'content-length': '12',
    })
    expect(media.fragments).toEqual([fragment])
  })

  it.each`
    status | ifMatch      | what
    ${428} | ${undefined} | ${'no If-Match: which generation is meant is not plain any more'}
    ${204} | ${'"1"'}     | ${'the tag of the present generation'}
    ${204} | ${'*'}       | ${'any generation'}
    ${412} | ${'"0"'}     | ${'the tag of the one before'}
  `('of a restarted session answers $status to $what', async ({ status, ifMatch }) => {
    const media = new FakeMedia()
    media.become({ restarted: true })
    const app = await fakeServer({ media })
    const headers = { 'content-type': type, ...(ifMatch && { 'if-match': ifMatch }) }
    expect((await app.inject({ ...goodPatch, headers })).statusCode).toBe(status)
    expect(media.fragments).toHaveLength(status === 204 ? 1 : 0)
  })
})

describe('the answer to our offer (draft-ietf-wish-whep §4.3.3)', () => {
  const answer = {
    ...goodPatch,
    headers: { 'content-type': 'application/sdp' },
    payload: 'v=0\r\n',
  }

  it('is taken with 204, without If-Match', async () => {
    const media = new FakeMedia()
    const answers: string[] = []
    media.become({ answer: (sdp) => answers.push(sdp) })
    const app = await fakeServer({ media })
    const response = await app.inject(answer)
    expect([response.statusCode, response.body, answers]).toEqual([204, '', ['v=0\r\n']])
  })

  it('comes before candidates: 409', async () => {
    const media = new FakeMedia()
    media.become({ answer: () => {} })
    const app = await fakeServer({ media })
    expect((await app.inject(goodPatch)).statusCode).toBe(409)
    expect(media.fragments).toEqual([])
  })

  it('is refused where none is awaited, or no more: 409', async () => {
    const app = await fakeServer()
    expect((await app.inject(answer)).statusCode).toBe(409)
  })

  it('is refused when it comes too late: 410', async () => {
    const app = await fakeServer()
    const late = { ...answer, url: `/session/${unansweredId}` }
    expect((await app.inject(late)).statusCode).toBe(410)
    expect((await app.inject({ ...late, method: 'GET' })).statusCode).toBe(410)
    expect((await app.inject({ ...late, method: 'DELETE' })).statusCode).toBe(200)
  })

  it('is refused when it is malformed, and may be sent again: 400', async () => {
    const media = new FakeMedia()
    media.become({
      answer: () => {
        throw new ServiceError('malformed-sdp', 'for a reason')
      },
    })
    const app = await fakeServer({ media })
    expect((await app.inject(answer)).statusCode).toBe(400)
    expect((await app.inject({ ...answer, payload: '' })).statusCode).toBe(400)
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

  it('while the token of a PATCH is looked at leaves 404 to the PATCH', async () => {
    const media = new FakeMedia()
    media.tokenMatches = () => {
      media.get(sessionId)?.end()
      return Promise.resolve(true)
    }
    const app = await fakeServer({ media })
    const headers = { ...goodPatch.headers, authorization: 'Bearer key-1' }
    expect((await app.inject({ ...goodPatch, headers })).statusCode).toBe(404)
    expect(media.fragments).toEqual([])
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

  it('limits the rate of PATCH for each session, whoever sends them (SEC-20)', async () => {
    const app = await fakeServer()
    const statuses = new Set<number>()
    for (let i = 0; i < 60; i++) {
      const remoteAddress = `192.0.2.${i}`
      statuses.add((await app.inject({ ...goodPatch, remoteAddress })).statusCode)
    }
    expect(statuses).toEqual(new Set([204, 429]))
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(200)
  })

  it('limits the rate of PATCH, DELETE and GET (§5)', async () => {
    const app = await fakeServer({ limiter: new RateLimiter({ perSecond: 1, burst: 1 }) })
    expect((await app.inject(goodPatch)).statusCode).toBe(204)
    expect((await app.inject(goodPatch)).statusCode).toBe(429)
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(429)
    expect((await app.inject({ method: 'GET', url })).statusCode).toBe(429)
    expect((await app.inject({ method: 'OPTIONS', url })).statusCode).toBe(200)
  })
})
