import { describe, expect, it } from 'vitest'
import type { Client, Overflow, Place } from '#control/http/overflow.ts'
import { ServiceError } from '#core/errors.ts'
import { FakeMedia, fakeServer, goodPatch, goodPost, sessionId } from '#test/support/http.ts'

const target = 'https://other.example/live/'
const full = () => new ServiceError('full', 'no room', { retryAfter: 7 })

/** A server that is full, or draining, with somewhere to send clients or nowhere. */
async function busyServer(
  overflow: Partial<Overflow> = {},
  refusal: ServiceError | 'none' = full(),
) {
  const media = new FakeMedia()
  if (refusal !== 'none') media.refusal = refusal
  const app = await fakeServer({
    media,
    overflow: { target, draining: () => false, ...overflow },
  })
  return { app, media }
}

describe('redirects of a full node (RFC 9725 §4.5)', () => {
  it.each`
    asked                         | sent
    ${'/whip/main'}               | ${'whip/main?hop=1'}
    ${'/main/whip'}               | ${'whip/main?hop=1'}
    ${'/whip/acme/main'}          | ${'whip/acme/main?hop=1'}
    ${'/acme/main/whep'}          | ${'whep/acme/main?hop=1'}
    ${'/whep/main?token=a%26b'}   | ${'whep/main?token=a%26b&hop=1'}
    ${'/whep/main?hop=2&x=1&x=2'} | ${'whep/main?hop=3&x=1&x=2'}
  `('send a POST to $asked on to $sent, by 307', async ({ asked, sent }) => {
    const { app } = await busyServer()
    const response = await app.inject({ ...goodPost, url: asked })
    expect([response.statusCode, response.body]).toEqual([307, ''])
    expect(response.headers).toMatchObject({
      location: `https://other.example/live/${sent}`,
      'cache-control': 'no-store',
      // A page may follow it (WHIP-42).
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Location'),
    })
    expect(response.headers.location).not.toContain('key-1')
  })

  it.each(['3', '4', '9', '-1', 'x', '10'])('are not made for a client at hop %s', async (hop) => {
    const { app } = await busyServer()
    const response = await app.inject({ ...goodPost, url: `/whip/main?hop=${hop}` })
    expect(response.statusCode).toBe(503)
    expect(response.headers).toMatchObject({ 'retry-after': '7' })
    expect(response.headers).not.toHaveProperty('location')
  })

  it('go nowhere without a target: 503 with Retry-After', async () => {
    const { app } = await busyServer({ target: undefined })
    const response = await app.inject(goodPost)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '7'])
  })

  it('lead nowhere but to the target, whatever the request calls itself', async () => {
    const { app } = await busyServer()
    for (const url of [
      '//evil.example/whip',
      '/whip/..%2f..%2fevil',
      '/whip//evil.example',
      '/whip/%0d%0aX',
    ]) {
      const { statusCode, headers } = await app.inject({
        ...goodPost,
        url,
        headers: { ...goodPost.headers, host: 'evil.example' },
      })
      if (statusCode === 307)
        expect(headers.location).toMatch(/^https:\/\/other\.example\/live\/whip\//)
      else expect([400, 404]).toContain(statusCode)
    }
  })

  it.each`
    status | what                        | code
    ${409} | ${'a stream without media'} | ${'stream-not-live'}
    ${429} | ${'too many requests'}      | ${'rate-limited'}
    ${422} | ${'a bad offer'}            | ${'unacceptable-offer'}
  `('are not for $what: $status', async ({ status, code }) => {
    const { app } = await busyServer({}, new ServiceError(code, 'for a reason'))
    expect((await app.inject(goodPost)).statusCode).toBe(status)
  })

  it('are only for those who may do what they ask', async () => {
    const { app } = await busyServer()
    const headers = { ...goodPost.headers, authorization: 'Bearer wrong' }
    expect((await app.inject({ ...goodPost, headers })).statusCode).toBe(401)
  })

  it('never happen to a session (WHIP-126)', async () => {
    const { app, media } = await busyServer({ draining: () => true }, 'none')
    expect((await app.inject(goodPatch)).statusCode).toBe(204)
    const url = `/session/${sessionId}`
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(200)
    expect(media.ended).toEqual([sessionId])
  })
})

describe('a draining node', () => {
  it('takes no offers, and sends them elsewhere', async () => {
    const { app, media } = await busyServer({ draining: () => true }, 'none')
    const response = await app.inject(goodPost)
    expect(response.statusCode).toBe(307)
    expect(response.headers.location).toBe('https://other.example/live/whip/main?hop=1')
    expect(media.offers).toEqual([])
  })

  it('says 503 with Retry-After where there is nowhere else', async () => {
    const { app, media } = await busyServer({ draining: () => true, target: undefined }, 'none')
    const response = await app.inject(goodPost)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    expect(media.offers).toEqual([])
  })

  it('still answers preflights and discovery', async () => {
    const { app } = await busyServer({ draining: () => true })
    expect((await app.inject({ method: 'OPTIONS', url: '/whip/main' })).statusCode).toBe(200)
    expect((await app.inject({ method: 'HEAD', url: '/whep/main' })).statusCode).toBe(200)
  })
})

describe('a node of a cluster (RFC 9725 §4.5)', () => {
  /** A node whose clients belong at `place`, and what it was asked and told. */
  async function placed(place: Place | undefined, options: Partial<Overflow> = {}) {
    const asked: [Client, boolean][] = []
    const told: string[] = []
    const placement = {
      place: async (client: Client, refused: boolean) => {
        asked.push([client, refused])
        return place
      },
      redirected: (reason: string) => void told.push(reason),
    }
    const server = await busyServer({ target: undefined, placement, ...options }, 'none')
    return { ...server, asked, told }
  }
  const edge = 'https://edge.example:8443'

  it('sends a client to the node that shall have it, with its query', async () => {
    const { app, media, asked, told } = await placed({ reason: 'region', origin: edge })
    const response = await app.inject({ ...goodPost, url: '/acme/main/whip?token=key-1' })
    expect(response.statusCode).toBe(307)
    expect(response.headers.location).toBe(`${edge}/whip/acme/main?token=key-1&hop=1`)
    expect([media.offers, told]).toEqual([[], ['region']])
    const name = { tenant: 'acme', stream: 'main' }
    expect(asked).toEqual([[{ kind: 'whip', name, region: undefined }, false]])
  })

  it('tells nobody where a stream is who may not have it, draining or not', async () => {
    for (const draining of [false, true]) {
      const { app, asked } = await placed(
        { reason: 'draining', origin: edge },
        { draining: () => draining },
      )
      const headers = { ...goodPost.headers, authorization: 'Bearer wrong' }
      const response = await app.inject({ ...goodPost, headers })
      expect([response.statusCode, response.headers.location]).toEqual([401, undefined])
      expect(asked).toEqual([])
    }
  })

  it('takes a client itself that has been sent round, if it can at all', async () => {
    const url = '/whip/main?hop=3'
    for (const reason of ['region', 'origin', 'full'] as const) {
      const { app, media, told } = await placed({ reason, origin: edge })
      expect((await app.inject({ ...goodPost, url })).statusCode).toBe(201)
      expect([media.offers.length, told]).toEqual([1, []])
    }
    for (const reason of ['role', 'draining'] as const) {
      const { app } = await placed({ reason, origin: edge })
      const response = await app.inject({ ...goodPost, url })
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    }
  })

  it('falls back on what is configured where no node takes the client', async () => {
    const { app } = await placed({ reason: 'role', origin: undefined }, { target })
    const response = await app.inject(goodPost)
    expect(response.headers.location).toBe('https://other.example/live/whip/main?hop=1')
    const none = await placed({ reason: 'role', origin: undefined })
    expect((await none.app.inject(goodPost)).statusCode).toBe(503)
  })

  it('asks again when it has no room after all', async () => {
    const told: string[] = []
    const placement = {
      place: async (_client: Client, refused: boolean) =>
        refused ? ({ reason: 'full', origin: edge } as const) : undefined,
      redirected: (reason: string) => void told.push(reason),
    }
    const { app } = await busyServer({ placement })
    expect((await app.inject(goodPost)).headers.location).toBe(`${edge}/whip/main?hop=1`)
    expect(told).toEqual(['full'])
  })
})

describe('where a client is', () => {
  async function regionOf(headers: Record<string, string>, trustProxy = '10.0.0.0/8') {
    const regions: (string | undefined)[] = []
    const placement = {
      place: async ({ region }: Client) => void regions.push(region),
      redirected: () => {},
    }
    const app = await fakeServer({
      ...{ trustProxy, regionHeader: 'x-region' },
      overflow: { target: undefined, draining: () => false, placement },
    })
    const from = { ...goodPost, remoteAddress: '10.0.0.9' }
    await app.inject({ ...from, headers: { ...goodPost.headers, ...headers } })
    return regions[0]
  }
  const forwarded = { 'x-forwarded-for': '192.0.2.7' }

  it('is what a trusted proxy says, and not what anybody says', async () => {
    expect(await regionOf({ ...forwarded, 'x-region': 'Eu-West' })).toBe('eu-west')
    expect(await regionOf({ ...forwarded, 'x-region': 'no such/form' })).toBeUndefined()
    expect(await regionOf(forwarded)).toBeUndefined()
    expect(await regionOf({ 'x-region': 'eu-west' })).toBeUndefined()
    expect(await regionOf({ ...forwarded, 'x-region': 'eu-west' }, '192.168.0.1')).toBeUndefined()
  })
})
