import { expect, it } from 'vitest'
import type { Beginning } from '#control/audit/session-trail.ts'
import { Permissions } from '#control/permissions.ts'
import { streamName } from '#core/stream-name.ts'
import { recorded } from '#server/recorded-sessions.ts'

const clock = { now: () => 0, wall: () => 0 }
const request = {
  name: streamName('acme', 'cam1'),
  principal: { id: 'aaaa', tokenId: 't-1', once: true, expiresAt: 1000 },
  userAgent: undefined,
  address: '203.0.113.77',
  receivedAt: 0,
}
const session = { id: 'AAECAwQFBgcICQoLDA0ODw', answer: 'v=0\r\n', etag: '"1"' }

it('a token that is good once is used up by a session, and by nothing less (SEC-8)', async () => {
  const begun: Beginning[] = []
  const authority = new Permissions({
    ...{ publishKeys: [], playTokens: [], allowAnonymousPublish: false, clock },
  })
  let fails = true
  const open = recorded(
    async () => {
      if (fails) throw new Error('the offer is none')
      return session
    },
    { kind: 'whip', authority, trail: { begun: (one) => void begun.push(one) } },
  )
  await expect(open(request)).rejects.toThrow('the offer is none')
  fails = false
  expect(await open(request)).toBe(session)
  await expect(open(request)).rejects.toThrow(/it was good once/)
  const { name, principal, address } = request
  expect(begun).toEqual([{ id: session.id, kind: 'whip', name, principal, address }])
})
