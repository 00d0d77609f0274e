import { describe, expect, it } from 'vitest'
import type { Principal } from '#control/principal.ts'
import { Revocations } from '#control/revocations.ts'
import type { Revocation, Store } from '#control/store.ts'

const anna: Principal = {
  id: 'aaaa',
  tenant: 'acme',
  subject: 'anna',
  tokenId: 't-1',
  keyId: 'k1',
  issuedAt: 1000,
}

/** A store that keeps nothing but what it was given at first, and may fail. */
function store(kept: Revocation[] = [], fails = false): Store {
  const act = () => {
    if (fails) throw new Error('the disk is full')
  }
  return { revocations: () => kept, putRevocation: act, deleteRevocation: act, close: act }
}

function revocations(from = store()): Revocations {
  return new Revocations(from, { now: () => 0, wall: () => 5000 })
}

describe('a revocation', () => {
  it.each`
    revoked                                             | holds    | why
    ${{ kind: 'token', value: 't-1', tenant: 'acme' }}  | ${true}  | ${'it is of this token'}
    ${{ kind: 'token', value: 't-1' }}                  | ${true}  | ${'it is of this token, whose tenant ever'}
    ${{ kind: 'token', value: 't-1', tenant: 'other' }} | ${false} | ${'another tenant has one of this name'}
    ${{ kind: 'token', value: 't-2' }}                  | ${false} | ${'it is of another token'}
    ${{ kind: 'key', value: 'k1' }}                     | ${true}  | ${'its key signed this token'}
    ${{ kind: 'key', value: 'aaaa' }}                   | ${true}  | ${'the principal is this key'}
    ${{ kind: 'key', value: 't-1' }}                    | ${false} | ${'no key is called so'}
    ${{ kind: 'subject', value: 'anna', at: 1000 }}     | ${true}  | ${'the token was issued by then'}
    ${{ kind: 'subject', value: 'anna', at: 999 }}      | ${false} | ${'the token was issued later'}
    ${{ kind: 'subject', value: 'ben' }}                | ${false} | ${'it is of somebody else'}
  `('of $revoked holds: $holds, because $why', ({ revoked, holds }) => {
    const all = revocations()
    all.add({ at: 4000, ...revoked })
    expect(all.revokes(anna)).toBe(holds)
    expect(all.delete(revoked)).toBe(true)
    expect([all.revokes(anna), all.delete(revoked)]).toEqual([false, false])
  })

  it('of a subject holds for a token that does not say when it was issued', () => {
    const { issuedAt: _at, ...undated } = anna
    const all = revocations()
    all.add({ kind: 'subject', value: 'anna', at: 0 })
    expect(all.revokes(undated)).toBe(true)
  })

  it('is there again after a restart', () => {
    const kept: Revocation = { kind: 'token', value: 't-1', at: 1 }
    expect(revocations(store([kept])).revokes(anna)).toBe(true)
  })

  it('holds only once it is kept', () => {
    const all = revocations(store([], true))
    expect(() => all.add({ kind: 'token', value: 't-1', at: 1 })).toThrow('the disk is full')
    expect(all.revokes(anna)).toBe(false)
  })

  it('is one of 100,000 at most; those whose tokens have expired make room', () => {
    const kept = Array.from(
      { length: 100_000 },
      (_, i): Revocation => ({
        kind: 'token',
        value: `${i}`,
        at: 1,
        ...(i < 2 && { until: 4999 }),
      }),
    )
    const all = revocations(store(kept))
    all.add({ kind: 'token', value: '7', at: 2 })
    expect(all.size).toBe(100_000)
    all.add({ kind: 'token', value: 'new', at: 2 })
    all.add({ kind: 'token', value: 'newer', at: 2 })
    expect(() => all.add({ kind: 'token', value: 'newest', at: 2 })).toThrow(
      expect.objectContaining({ code: 'full' }),
    )
  })
})
