import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPatch, goodPost, sessionId } from '#test/support/http.ts'

const page = 'https://page.example'
const listed = (value: unknown) =>
  String(value)
    .split(',')
    .map((item) => item.trim().toLowerCase())

describe('CORS for any origin (RFC 9725 §4.2, INTEROP IO-7)', () => {
  it.each(['/whip/main', '/main/whep', `/session/${sessionId}`, '/api/v1/streams', '/nothing'])(
    'a preflight of %s is answered with 200, without a token',
    async (url) => {
      const app = await fakeServer()
      const response = await app.inject({
        method: 'OPTIONS',
        url,
        headers: {
          origin: page,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      })
      expect(response.statusCode).toBe(200)
      const { headers } = response
      expect(headers['access-control-allow-origin']).toBe('*')
      expect(headers).not.toHaveProperty('access-control-allow-credentials')
      expect(Number(headers['access-control-max-age'])).toBeGreaterThan(0)
      expect(listed(headers['access-control-allow-methods'])).toEqual(
        expect.arrayContaining(['options', 'post', 'patch', 'delete', 'get', 'head']),
      )
      expect(listed(headers['access-control-allow-headers'])).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'if-match', 'etag']),
      )
    },
  )

  const refusing = () => {
    const media = new FakeMedia()
    media.refusal = new ServiceError('full', 'later')
    return media
  }
  const url = '/whip/main'
  it.each<[number, string, InjectOptions, FakeMedia?]>([
    [201, 'a session made', goodPost],
    [204, 'candidates taken', goodPatch],
    [400, 'an empty body', { ...goodPost, payload: '' }],
    [400, 'an address that does not decode', { ...goodPost, url: '/whip/%zz' }],
    [401, 'no token', { ...goodPost, headers: { 'content-type': 'application/sdp' } }],
    [404, 'no such address', { url: '/nothing' }],
    [405, 'no such method', { url, method: 'PUT' }],
    [413, 'a body too large', { ...goodPost, payload: 'x'.repeat(70_000) }],
    [415, 'a type that is none', { ...goodPost, headers: { 'content-type': '?' } }],
    [503, 'a full server', goodPost, refusing()],
  ])('a %i for %s can be read by the page', async (status, _what, request, media) => {
    const app = await fakeServer(media ? { media } : {})
    const headers = { ...request.headers, origin: page }
    const response = await app.inject({ ...request, headers })
    expect(response.statusCode).toBe(status)
    expect(response.headers['access-control-allow-origin']).toBe('*')
    expect(listed(response.headers['access-control-expose-headers'])).toEqual(
      expect.arrayContaining(
        ['location', 'link', 'etag', 'accept-patch', 'retry-after', 'www-authenticate'].concat(
          'access-control-allow-methods',
        ),
      ),
    )
  })
})

describe('CORS for listed origins', () => {
  it.each`
    origin               | allowed
    ${page}              | ${page}
    ${'https://no.test'} | ${undefined}
    ${'null'}            | ${undefined}
    ${undefined}         | ${undefined}
  `('$origin gets $allowed, and caches are told that it matters', async ({ origin, allowed }) => {
    const app = await fakeServer({ origins: [page] })
    const headers = { ...goodPost.headers, ...(origin ? { origin } : {}) }
    const response = await app.inject({ ...goodPost, headers })
    expect(response.statusCode).toBe(201)
    expect(response.headers['access-control-allow-origin']).toBe(allowed)
    expect(response.headers.vary).toBe('Origin')
  })
})
