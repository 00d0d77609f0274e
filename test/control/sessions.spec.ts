import { describe, expect, it } from 'vitest'
import { principalOf } from '#control/principal.ts'
import { type Session, SessionTable } from '#control/sessions.ts'

function session(token: string | undefined): Session {
  return {
    principal: principalOf(token),
    etag: '"tag"',
    restarted: false,
    patch: () => undefined,
    end: () => {},
  }
}

describe('the sessions of a node (DESIGN §14)', () => {
  it('are found by names of 128 random bits', () => {
    const table = new SessionTable()
    const ids = new Set(Array.from({ length: 1000 }, () => table.add(session('key'))))
    expect([ids.size, table.size]).toEqual([1000, 1000])
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
  })

  it('know the token they were made with', async () => {
    const table = new SessionTable()
    const [withKey, anonymous] = [table.add(session('key')), table.add(session(undefined))]
    expect(await table.tokenMatches(withKey, 'key')).toBe(true)
    expect(await table.tokenMatches(withKey, 'other')).toBe(false)
    expect(await table.tokenMatches(anonymous, 'key')).toBe(false)
  })

  it('are nothing once they are removed', async () => {
    const table = new SessionTable()
    const made = session('key')
    const id = table.add(made)
    expect(table.get(id)).toBe(made)
    table.remove(id)
    table.remove(id)
    expect([table.size, table.get(id), await table.tokenMatches(id, 'key')]).toEqual([
      0,
      undefined,
      false,
    ])
    expect(table.unanswered(id)).toBe(false)
  })
})

describe('sessions whose offer was ours', () => {
  it('are remembered when they were not answered in time, a thousand of them', () => {
    const table = new SessionTable()
    const ids = Array.from({ length: 1001 }, () => table.add(session('key')))
    for (const id of ids) table.removeUnanswered(id)
    expect(table.size).toBe(0)
    expect(ids.map((id) => table.unanswered(id))).toEqual([
      false,
      ...Array.from({ length: 1000 }, () => true),
    ])
  })
})

describe('sessions whose token expires (SEC-7)', () => {
  const expiring = (table: SessionTable, ended: string[], expires: boolean) => {
    const id = table.add({
      ...session('key'),
      principal: { id: 'key', expiresAt: 10_000 },
      ...(expires && {
        expire: () => {
          ended.push(id)
          table.remove(id)
        },
      }),
    })
    return id
  }

  it('end a minute after it', () => {
    const table = new SessionTable()
    const ended: string[] = []
    const id = expiring(table, ended, true)
    table.expire(69_999)
    expect(ended).toEqual([])
    table.expire(70_000)
    table.expire(70_001)
    expect([ended, table.size]).toEqual([[id], 0])
  })

  it('outlive it where they may', () => {
    const table = new SessionTable()
    expiring(table, [], false)
    table.add(session('key'))
    table.expire(1e12)
    expect(table.size).toBe(2)
  })

  it('are not ended after they have ended', () => {
    const table = new SessionTable()
    const ended: string[] = []
    table.remove(expiring(table, ended, true))
    table.expire(70_000)
    expect(ended).toEqual([])
  })
})
