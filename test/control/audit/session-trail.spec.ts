import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '#control/audit/record.ts'
import { type AddressDetail, SessionTrail } from '#control/audit/session-trail.ts'
import { streamName } from '#core/stream-name.ts'

const name = streamName('acme', 'cam1')
const id = 'AAECAwQFBgcICQoLDA0ODw'
const anna = { id: 'aaaa', tenant: 'acme', subject: 'anna', tokenId: 't-1' }
const session = { id, kind: 'whip', name, principal: anna, address: '203.0.113.77' } as const
const refusal = { code: 'token-invalid', action: 'view', name, principal: undefined } as const

function trail(addresses: AddressDetail = 'network') {
  const events: AuditEvent[] = []
  const clock = { time: 0, now: () => clock.time, wall: () => 0 }
  const audit = { note: (event: AuditEvent) => void events.push(event) }
  return { events, clock, trail: new SessionTrail({ audit, clock, addresses }) }
}

describe('what a session leaves (SEC-72)', () => {
  it('is its beginning and its end, with who and why', () => {
    const { trail: left, events } = trail()
    left.begun(session)
    left.ended(id, 'deleted')
    left.ended(id, 'deleted')
    const common = { tenant: 'acme', actor: 'aaaa', ip: '203.0.113.0/24' }
    const target = expect.stringMatching(/^session [0-9a-f]{16}$/)
    expect(events).toEqual([
      {
        ...{ ...common, target, event: 'session.create' },
        detail: { kind: 'whip', stream: 'acme/cam1', subject: 'anna', jti: 't-1' },
      },
      {
        ...{ ...common, target, event: 'session.end' },
        detail: { kind: 'whip', stream: 'acme/cam1', reason: 'deleted' },
      },
    ])
    expect(JSON.stringify(events)).not.toContain(id)
  })

  it('is bounded by address for viewers whom nobody has named, and the rest counted', () => {
    const { trail: left, events, clock } = trail()
    const viewer = { ...session, kind: 'whep', principal: { id: 'anonymous' } } as const
    const flood = (more: object, count = 300) => {
      for (let i = 0; i < count; i++) {
        left.begun({ ...viewer, id: `${i}`, ...more })
        left.ended(`${i}`, 'deleted')
      }
      return events.splice(0)
    }
    expect(flood({}).length).toBe(2 * 200)
    const [first, ...others] = flood({ address: '198.51.100.1' }, 1)
    expect([first!.detail, others.length]).toMatchObject([{ unrecorded: 100 }, 1])
    clock.time += 3000
    expect(flood({}).length).toBe(2 * 3)
    const named = { ...anna, expiresAt: 1 }
    expect(flood({ principal: named }).length).toBe(2 * 300)
    expect(flood({ kind: 'whip' }).length).toBe(2 * 300)
  })

  it('names a takeover', () => {
    const { trail: left, events } = trail()
    left.begun(session)
    left.ended(id, 'replaced')
    const names = events.map(({ event }) => event)
    expect(names).toEqual(['session.create', 'publish.takeover', 'session.end'])
  })

  it.each`
    detail       | address               | ip
    ${'none'}    | ${'203.0.113.77'}     | ${undefined}
    ${'full'}    | ${'203.0.113.77'}     | ${'203.0.113.77'}
    ${'network'} | ${'::ffff:192.0.2.1'} | ${'192.0.2.0/24'}
    ${'network'} | ${'2001:db8:7:8::9'}  | ${'2001:db8:7::/48'}
    ${'network'} | ${'2001:db8::9'}      | ${'2001:db8:0::/48'}
    ${'network'} | ${'::1'}              | ${'0:0:0::/48'}
  `('has as much of $address as "$detail" says (SEC-73)', ({ detail, address, ip }) => {
    const { trail: left, events } = trail(detail)
    left.begun({ ...session, address })
    expect(events[0]!.ip).toBe(ip)
  })
})

describe('what a refused token leaves', () => {
  it('is nothing where none was sent', () => {
    const { trail: left, events } = trail()
    left.refused({ ...refusal, code: 'token-missing', token: undefined })
    expect(events).toEqual([])
  })

  it('is in the chain of the tenant that it proves, not of the one it asks for', () => {
    const { trail: left, events } = trail()
    left.refused({ ...refusal, token: 'ffff' })
    left.refused({ ...refusal, token: 'eeee', principal: { ...anna, tenant: 'umbrella' } })
    expect(events.map(({ tenant, actor }) => [tenant, actor])).toEqual([
      ['@node', 'unknown'],
      ['umbrella', 'aaaa'],
    ])
  })

  it('is bounded in a flood, which is counted', () => {
    const { trail: left, events, clock } = trail()
    for (let i = 0; i < 1000; i++) left.refused({ ...refusal, token: 'ffff' })
    expect(events).toHaveLength(20)
    clock.time = 1000
    left.refused({ ...refusal, token: 'ffff' })
    expect(events[20]!.detail).toMatchObject({ token: 'ffff', unrecorded: 980 })
  })
})
