import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import { type StreamName, streamKey, streamName } from '#core/stream-name.ts'
import { statusRoutes } from '#edge/status-routes.ts'
import type { StreamStatus } from '#relay/stream-status.ts'
import type { ViewerStatus } from '#relay/viewer-status.ts'
import { createHttpApp } from '#server/http-app.ts'

const status = (name: StreamName): StreamStatus => ({
  name,
  state: 'live',
  epoch: 1,
  since: '2026-01-01T00:00:00.000Z',
  viewers: 3,
  joins: { count: 1, phases: { answer: { p50: 4, p95: 9 } } },
  warnings: [],
})
const statuses = [status(streamName(undefined, 'main')), status(streamName('acme', 'main'))]
const viewers: ViewerStatus[] = [
  { id: 7, picture: 'live', estimate: 2_000_000, packets: 10, retransmitted: 0, probed: 0 },
]
const streams = {
  list: () => statuses,
  get: (name: StreamName) => statuses.find((one) => streamKey(one.name) === streamKey(name)),
  viewers: ({ stream }: StreamName) => (stream === 'main' ? viewers : undefined),
}

async function server(playTokens: string[] = []) {
  const authority = new Permissions({
    publishKeys: ['cam'],
    playTokens,
    allowAnonymousPublish: false,
  })
  const app = createHttpApp({ origins: '*' })
  const clock = { now: () => 0, wall: () => 0 }
  await app.register(statusRoutes, { authority, streams, clock, limiter: new RateLimiter() })
  return app
}

describe('status of the streams', () => {
  it('lists all', async () => {
    const response = await (await server()).inject('/api/v1/streams')
    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toEqual({ streams: statuses })
  })

  it('tells one, by tenant too', async () => {
    const app = await server()
    expect((await app.inject('/api/v1/streams/main')).json()).toEqual(statuses[0])
    expect((await app.inject('/api/v1/streams/acme/main')).json()).toEqual(statuses[1])
  })

  it.each`
    code   | url
    ${404} | ${'/api/v1/streams/other'}
    ${404} | ${'/api/v1/streams/other/main'}
    ${400} | ${'/api/v1/streams/Main'}
  `('answers $url with $code', async ({ code, url }) => {
    expect((await (await server()).inject(url)).statusCode).toBe(code)
  })

  it.each(['/api/v1/streams', '/api/v1/streams/main', '/api/v1/streams/other'])(
    'asks for the play token where there is one: %s',
    async (url) => {
      const app = await server(['play-1'])
      expect((await app.inject(url)).statusCode).toBe(401)
      expect((await app.inject(`${url}?token=play-1`)).statusCode).not.toBe(401)
    },
  )
})

describe('viewers of a stream', () => {
  it('are told of to whoever may publish it', async () => {
    const app = await server()
    const told = await app.inject('/api/v1/viewers/main?token=cam')
    expect([told.statusCode, told.json()]).toEqual([200, { viewers }])
    expect((await app.inject('/api/v1/viewers/acme/main?token=cam')).statusCode).toBe(200)
    expect((await app.inject('/api/v1/viewers/other?token=cam')).statusCode).toBe(404)
  })

  it('are nobody else’s concern', async () => {
    const app = await server(['play-1'])
    expect((await app.inject('/api/v1/viewers/main')).statusCode).toBe(401)
    expect((await app.inject('/api/v1/viewers/main?token=play-1')).statusCode).toBe(403)
  })
})
