import { describe, expect, it } from 'vitest'
import { principalOf } from '#control/permissions.ts'
import { type Session, SessionTable } from '#control/sessions.ts'

function session(token: string | undefined, heard: string[] = []): Session {
  return {
    principal: principalOf(token),
    etag: '"tag"',
    trickle: (fragment) => heard.push(fragment),
    end: () => heard.push('end'),
  }
}

describe('the sessions of a node (DESIGN §14)', () => {
  it('are found by names of 128 random bits', () => {
    const table = new SessionTable()
    const ids = new Set(Array.from({ length: 1000 }, () => table.add(session('key'))))
    expect([ids.size, table.size]).toEqual([1000, 1000])
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
  })

  it('take fragments and their end', () => {
    const table = new SessionTable()
    const heard: string[] = []
    const id = table.add(session('key', heard))
    expect(table.etag(id)).toBe('"tag"')
    table.trickle(id, 'fragment')
    table.end(id)
    expect(heard).toEqual(['fragment', 'end'])
  })

  it('know the token they were made with', () => {
    const table = new SessionTable()
    const [withKey, anonymous] = [table.add(session('key')), table.add(session(undefined))]
    expect(table.tokenMatches(withKey, 'key')).toBe(true)
    expect(table.tokenMatches(withKey, 'other')).toBe(false)
    expect(table.tokenMatches(anonymous, 'key')).toBe(false)
  })

  it('are nothing once they are removed', () => {
    const table = new SessionTable()
    const heard: string[] = []
    const id = table.add(session('key', heard))
    table.remove(id)
    table.remove(id)
    table.trickle(id, 'fragment')
    table.end(id)
    expect([table.size, table.etag(id), table.tokenMatches(id, 'key'), heard]).toEqual([
      0,
      undefined,
      false,
      [],
    ])
  })
})
