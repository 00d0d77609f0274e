import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TurnCredentials } from '#control/http/turn-credentials.ts'
import { Coturn, coturnUnavailable } from '#test/support/coturn.ts'
import { allocate } from '#test/support/turn-client.ts'

const peer = '127.0.0.1'
const [secret, oldSecret] = ['north-star-secret', 'the-secret-before-it'] as const

describe('credentials that we mint, at Debian’s coturn with the configuration we ship', () => {
  const missing = coturnUnavailable()
  let coturn: Coturn
  beforeAll(async () => {
    if (!missing) coturn = await Coturn.start({ secrets: [secret, oldSecret], peer })
  })
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })
  afterAll(() => coturn?.close())

  const mint = (transport: 'udp' | 'tcp', minted: { secret?: string; wall?: number } = {}) => {
    const turn = new TurnCredentials({
      urls: [coturn.url(transport)],
      secret: minted.secret ?? secret,
      lifetime: 600,
    })
    return turn.servers('session', minted.wall ?? Date.now())[0]!
  }

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    it('open an allocation, and a way to the node (SEC-52)', async () => {
      const answers = await allocate(mint(transport), peer)
      expect(answers).toEqual({ first: 401, allocate: 0, permission: 0 })
    })

    it('open nothing when they have expired (SEC-55)', async () => {
      const wall = Date.now() - 601_000
      expect(await allocate(mint(transport, { wall }), peer)).toEqual({ first: 401, allocate: 401 })
    })

    it('open nothing when another secret made them', async () => {
      const forged = mint(transport, { secret: 'some-other-secret' })
      expect(await allocate(forged, peer)).toEqual({ first: 401, allocate: 401 })
    })

    it('open nothing when their expiry was moved', async () => {
      const server = mint(transport)
      const username = server.username!.replace(/^\d+/, (expiry) => String(Number(expiry) + 60))
      expect(await allocate({ ...server, username }, peer)).toEqual({ first: 401, allocate: 401 })
    })
  })

  it('are good with the secret of before, while coturn has both (SEC-57)', async () => {
    const answers = await allocate(mint('udp', { secret: oldSecret }), peer)
    expect(answers.allocate).toBe(0)
  })

  it.each(['10.0.0.1', '192.168.1.1', '169.254.169.254', '203.0.113.9', '127.0.0.2'])(
    'reach the node only, not %s (SEC-40)',
    async (other) => {
      const answers = await allocate(mint('udp'), other)
      expect(answers).toEqual({ first: 401, allocate: 0, permission: 403 })
    },
  )
})
