import { expect, it } from 'vitest'
import { PendingLimit } from '#control/pending-limit.ts'

const tooMany = expect.objectContaining({ code: 'rate-limited', retryAfter: 2 })

it('one address has so many sessions without a peer, and others have theirs', () => {
  const limit = new PendingLimit(2)
  limit.enter('198.51.100.7')
  limit.check('198.51.100.7')
  limit.enter('::ffff:198.51.100.7')
  expect(() => limit.check('198.51.100.7')).toThrow(tooMany)
  limit.check('198.51.100.8')
})

it('a network of IPv6 counts as one address (RFC 4291 §2.5.4)', () => {
  const limit = new PendingLimit(1)
  limit.enter('2001:db8::1')
  expect(() => limit.check('2001:db8::2')).toThrow(tooMany)
  limit.check('2001:db8:0:1::1')
})

it('a session that has its peer, or has ended, counts no more, whoever says so how often', () => {
  const limit = new PendingLimit(2)
  const [first] = [limit.enter('198.51.100.7'), limit.enter('198.51.100.7')]
  first()
  first()
  limit.check('198.51.100.7')
  limit.enter('198.51.100.7')
  expect(() => limit.check('198.51.100.7')).toThrow(tooMany)
})

it('remembers nobody who has none', () => {
  const limit = new PendingLimit()
  const all = Array.from({ length: 300 }, (_, i) => limit.enter(`198.51.100.${i % 200}`))
  expect(limit.size).toBe(200)
  for (const done of all) done()
  expect(limit.size).toBe(0)
})
