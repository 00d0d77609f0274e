import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RateLimiter } from '#control/rate-limiter.ts'
import { createHttpApp } from '#server/http-app.ts'
import { sessionRoutes } from '#server/session-routes.ts'
import { type Client, demo, SessionWorld } from '#test/support/session-world.ts'

const expiresAt = 10_000

/** Sessions behind their real URLs. */
class Ends {
  readonly world = new SessionWorld()
  readonly app: FastifyInstance = createHttpApp({ origins: '*' })

  async open(): Promise<void> {
    await this.app.register(sessionRoutes, {
      sessions: this.world.sessions,
      clock: this.world.clock,
      limiter: new RateLimiter(),
    })
  }

  async status(method: 'GET' | 'PATCH' | 'DELETE', { id }: Client): Promise<number> {
    const headers = { 'content-type': 'application/trickle-ice-sdpfrag' }
    const request = { method, url: `/session/${id}` } as const
    const response = await this.app.inject(
      method === 'PATCH' ? { ...request, headers, payload: 'a=end-of-candidates\r\n' } : request,
    )
    return response.statusCode
  }

  /** What its checks are answered with from now on. */
  checked({ remote }: Client): (number | undefined)[] {
    this.world.run(100)
    remote.answers.splice(0)
    remote.check()
    this.world.run(100)
    return remote.answers.splice(0).map((answer) => answer.errorCode)
  }
}

let ends: Ends
beforeEach(async () => {
  ends = new Ends()
  await ends.open()
})
afterEach(async () => {
  await ends.app.close()
})

type End = (world: SessionWorld, client: Client) => unknown

const byDelete: End = (_world, client) => ends.status('DELETE', client)
const byPeer: End = (world, { remote }) => remote.dtls.close(world.now)
const bySilence: End = (world, { remote }) => {
  remote.checking = false
  world.run(31_000)
}
const byStop: End = (world) => world.peers.closeAll('shutdown')
const byGrace: End = (world, client) => {
  for (const each of world.remotes) if (each !== client.remote) each.dtls.close(world.now)
  world.run(100)
  for (const stream of world.streams.expire(world.now + 1001, 1000)) world.viewers.endStream(stream)
}
const byExpiry: End = ({ sessions }) => sessions.expire(expiresAt + 60_000)
const byTakeover: End = (world) => world.connect(world.publish())

/** The session is gone for everybody (WHIP-28, 29, 34; WHEP-41, 42; IO-5). */
async function expectGone(client: Client, end: End): Promise<void> {
  const { world } = ends
  expect([await ends.status('GET', client), await ends.status('PATCH', client)]).toEqual([204, 204])
  world.takeTold()
  await end(world, client)
  world.run(100)
  expect([
    await ends.status('GET', client),
    await ends.status('PATCH', client),
    await ends.status('DELETE', client),
  ]).toEqual([404, 404, 200])
  expect(ends.checked(client)).toEqual([403])
}

describe('the end of a viewer', () => {
  it.each`
    how                                     | end          | told
    ${'by DELETE'}                          | ${byDelete}  | ${'deleted'}
    ${"by its peer's close_notify"}         | ${byPeer}    | ${'closed-by-peer'}
    ${'by silence'}                         | ${bySilence} | ${'consent-expired'}
    ${'by the stop of the server'}          | ${byStop}    | ${'shutdown'}
    ${'by a publisher gone past its grace'} | ${byGrace}   | ${'stream-ended'}
    ${'by the end of its token'}            | ${byExpiry}  | ${'token-expired'}
  `('$how: 404, no events, and 403 to its checks', async ({ end, told }) => {
    const { world } = ends
    world.connect(world.publish())
    const client = world.connect(world.watch({ expiresAt }))
    const id = world.extensions.events.subscribe(client.id)!
    let over = 0
    const sink = { write: () => true, end: () => over++, destroy: () => over++ }
    world.extensions.events.stream(client.id, id)!.connect(sink, world.now)
    await expectGone(client, end)
    expect(world.told).toContain(`viewer of demo ${told}`)
    expect([over, world.extensions.has(client.id)]).toEqual([1, false])
    expect(client.remote.dtls.peerClosed).toBe(told !== 'closed-by-peer')
  })

  it('by the end of its token comes before it has connected too', async () => {
    const { world } = ends
    world.connect(world.publish())
    const clients = [world.watch({ expiresAt }), world.invite({ expiresAt })]
    world.sessions.expire(expiresAt + 60_000)
    for (const client of clients) expect(await ends.status('GET', client)).toBe(404)
    expect(world.viewers.size).toBe(0)
  })
})

describe('the end of a publisher', () => {
  it.each`
    how                             | end           | told
    ${'by DELETE'}                  | ${byDelete}   | ${'deleted'}
    ${"by its peer's close_notify"} | ${byPeer}     | ${'closed-by-peer'}
    ${'by silence'}                 | ${bySilence}  | ${'consent-expired'}
    ${'by the stop of the server'}  | ${byStop}     | ${'shutdown'}
    ${'by a takeover'}              | ${byTakeover} | ${'replaced'}
  `('$how: 404, and 403 to its checks', async ({ end, told }) => {
    const { world } = ends
    const client = world.connect(world.publish({ userAgent: 'another program' }))
    await expectGone(client, end)
    expect(world.told).toContain(`publisher of demo ${told}`)
  })

  it('does not come with the end of its token: a show outlives it (SEC-7)', async () => {
    const { world } = ends
    const client = world.connect(world.publish({ expiresAt }))
    world.sessions.expire(expiresAt + 3_600_000)
    expect(await ends.status('GET', client)).toBe(204)
    expect(world.streams.get(demo)?.publication).toBeDefined()
  })
})
