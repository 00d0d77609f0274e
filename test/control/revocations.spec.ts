import { describe, expect, it } from 'vitest'
import type { Principal } from '#control/principal.ts'
import { Revocations } from '#control/revocations.ts'
import type { Revocation } from '#control/store.ts'
import { PlainStore } from '#test/support/plain-store.ts'

const anna: Principal = {
  id: 'aaaa',
  tenant: 'acme',
  subject: 'anna',
  tokenId: 't-1',
  keyId: 'k1',
  issuedAt: 1000,
}

function revocations(from = new PlainStore()): Revocations {
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
  `('of $revoked holds: $holds, because $why', async ({ revoked, holds }) => {
    const all = revocations()
    await all.add({ at: 4000, ...revoked })
    expect(all.revokes(anna)).toBe(holds)
    expect(await all.delete(revoked)).toBe(true)
    expect([all.revokes(anna), await all.delete(revoked)]).toEqual([false, false])
  })

  it('of a subject holds for a token that does not say when it was issued', async () => {
    const { issuedAt: _at, ...undated } = anna
    const all = revocations()
    await all.add({ kind: 'subject', value: 'anna', at: 0 })
    expect(all.revokes(undated)).toBe(true)
  })

  it('is there again after a restart', () => {
    const kept: Revocation = { kind: 'token', value: 't-1', at: 1 }
    expect(revocations(new PlainStore([kept])).revokes(anna)).toBe(true)
  })

  it('holds only once it is kept', async () => {
    const all = revocations(new PlainStore([], new Error('the disk is full')))
    const added = all.add({ kind: 'token', value: 't-1', at: 1 })
    await expect(added).rejects.toThrow('the disk is full')
    expect(all.revokes(anna)).toBe(false)
  })

  it('is one of 100,000 at most; those whose tokens have expired make room', async () => {
    const kept = Array.from(
      { length: 100_000 },
      (_, i): Revocation => ({
        kind: 'token',
        value: `${i}`,
        at: 1,
        ...(i < 2 && { until: 4999 }),
      }),
    )
    const all = revocations(new PlainStore(kept))
    await all.add({ kind: 'token', value: '7', at: 2 })
    expect(all.size).toBe(100_000)
    await all.add({ kind: 'token', value: 'new', at: 2 })
    await all.add({ kind: 'token', value: 'newer', at: 2 })
    await expect(all.add({ kind: 'token', value: 'newest', at: 2 })).rejects.toThrow(
      expect.objectContaining({ code: 'full' }),
    )
  })

  it('of another node holds, is told of once, and ends with it', async () => {
    const shared = new PlainStore()
    const all = revocations(shared)
    let told = 0
    all.listen(() => told++)
    await all.add({ kind: 'token', value: 't-2', at: 1 })
    expect(told).toBe(0)
    await shared.putRevocation({ kind: 'token', value: 't-1', at: 1 })
    expect([all.revokes(anna), told]).toEqual([true, 1])
    await shared.deleteRevocation({ kind: 'token', value: 't-1' })
    expect([all.revokes(anna), told]).toEqual([false, 1])
  })
})
