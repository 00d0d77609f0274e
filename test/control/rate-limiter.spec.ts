import { describe, expect, it } from 'vitest'
import { RateLimiter } from '#control/rate-limiter.ts'

const limit = { perSecond: 10, burst: 3 }

describe('rate of requests from one address (RFC 9725 §5)', () => {
  it('lets a burst through, then says how long to wait', () => {
    const limiter = new RateLimiter(limit)
    expect([0, 0, 0, 0].map((now) => limiter.take('192.0.2.1', now))).toEqual([0, 0, 0, 100])
    expect(limiter.take('192.0.2.1', 40)).toBeCloseTo(60)
  })

  it('lets the steady rate through for ever', () => {
    const limiter = new RateLimiter(limit)
    const waits = Array.from({ length: 1000 }, (_, i) => limiter.take('192.0.2.1', i * 101))
    expect(new Set(waits)).toEqual(new Set([0]))
  })

  it('lets one that costs several overdraw, and the next one pay', () => {
    const limiter = new RateLimiter(limit)
    expect(limiter.take('192.0.2.1', 0, 5)).toBe(0)
    expect(limiter.take('192.0.2.1', 0)).toBeCloseTo(300)
    expect(limiter.take('192.0.2.1', 300)).toBe(0)
  })

  it('saves no more than one burst', () => {
    const limiter = new RateLimiter(limit)
    limiter.take('192.0.2.1', 0)
    const waits = [0, 0, 0, 0].map(() => limiter.take('192.0.2.1', 1e9))
    expect(waits).toEqual([0, 0, 0, 100])
  })

  it.each`
    one                 | other                 | shared   | why
    ${'192.0.2.1'}      | ${'192.0.2.2'}        | ${false} | ${'two addresses'}
    ${'192.0.2.1'}      | ${'::ffff:192.0.2.1'} | ${true}  | ${'IPv4 as an IPv6 socket shows it'}
    ${'2001:db8::1'}    | ${'2001:db8:0:0:9::'} | ${true}  | ${'one /64'}
    ${'2001:db8:0:1::'} | ${'2001:db8:0:2::'}   | ${false} | ${'two networks of /64'}
    ${'::1'}            | ${'0:0:0:0::2'}       | ${true}  | ${'one /64 that begins with zeros'}
    ${'fe80::1%eth0'}   | ${'fe80::2%eth0'}     | ${true}  | ${'one link'}
  `('$why: one bucket is $shared', ({ one, other, shared }) => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 })
    limiter.take(one, 0)
    expect(limiter.take(other, 0) > 0).toBe(shared)
  })

  it('remembers a bounded number of addresses, the latest ones', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 })
    for (let i = 0; i < 20_000; i++) limiter.take(`10.0.${i >> 8}.${i & 255}`, 0)
    expect(limiter.size).toBe(10_000)
    expect(limiter.take('10.0.78.31', 0)).toBe(1000)
    expect(limiter.take('10.0.0.0', 0)).toBe(0)
  })
})

describe('rate of requests with one key, or for one session (SEC-20)', () => {
  it('is counted by the whole name, which is no address', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, 'with this key')
    expect(limiter.take('key acme/one', 0)).toBe(0)
    expect(limiter.take('key acme/two', 0)).toBe(0)
    expect(limiter.take('key acme/one', 0)).toBe(1000)
    expect(() => limiter.admit('key acme/one', 0)).toThrow('too many requests with this key')
  })
})
