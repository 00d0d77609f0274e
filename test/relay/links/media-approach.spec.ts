import { describe, expect, it } from 'vitest'
import type { Path } from '#native/path.ts'
import { MediaApproach } from '#relay/links/media-approach.ts'
import { IceLite } from '#webrtc/ice-lite.ts'
import { parseStun } from '#webrtc/stun.ts'

const ice = { ufrag: 'abcdefgh', password: 'x'.repeat(24) }
const at = (...addresses: string[]) => addresses.map((address) => ({ address, port: 8189 }))

describe('the way to a parent’s media port', () => {
  it('is tried pair by pair, the nearest first, until the parent is heard', () => {
    const media = at('203.0.113.9', '10.1.0.2')
    const approach = new MediaApproach({ media, ice }, ['10.1.0.7', '::1'], 0)
    expect(approach.path).toMatchObject({ remoteAddress: '10.1.0.2', localAddress: '10.1.0.7' })
    expect(approach.poll(0)).toMatchObject({ moved: false })
    expect(approach.poll(5)).toBeUndefined()
    expect(approach.poll(200)).toMatchObject({ moved: true })
    expect(approach.path).toMatchObject({ remoteAddress: '203.0.113.9' })
    approach.hear(220)
    expect(approach.poll(600)).toBeUndefined()
    expect(approach.poll(700)).toMatchObject({ moved: false })
  })

  it('is looked for anew when the parent falls silent, and given up in the end', () => {
    const approach = new MediaApproach({ media: at('10.1.0.2', '10.2.0.2'), ice }, ['10.1.0.7'], 0)
    approach.poll(0)
    approach.hear(10)
    const first = approach.path
    let now = 10
    for (; approach.path === first && now < 5000; now += 10) approach.poll(now)
    expect(now).toBeGreaterThan(1200)
    expect(approach.isLost(now)).toBe(false)
    expect(approach.isLost(3010)).toBe(true)
    approach.hear(3010)
    expect(approach.isLost(3020)).toBe(false)
  })

  it('is none between loopback and the world, or between families', () => {
    expect(new MediaApproach({ media: at('127.0.0.1'), ice }, ['10.1.0.7'], 0).path).toBeUndefined()
    expect(new MediaApproach({ media: at('10.1.0.2'), ice }, ['fd00::7'], 0).path).toBeUndefined()
    expect(new MediaApproach({ media: at('fd00::1'), ice }, ['fd00::7'], 0).path?.family).toBe(6)
  })

  it('is not taken by who overhears a check and sends it again from elsewhere', () => {
    const parent = new IceLite({ now: 0, consentTimeout: Number.POSITIVE_INFINITY })
    const terms = { ufrag: parent.localUfrag, password: parent.localPassword }
    const approach = new MediaApproach({ media: at('10.1.0.2'), ice: terms }, ['10.1.0.7'], 0)
    const from = (remoteAddress: string): Path => ({
      ...({ transport: 'udp', family: 4 } as const),
      ...{ remoteAddress, remotePort: 8189, localAddress: '10.1.0.2' },
    })
    const receive = (check: Buffer, path: Path, now: number) =>
      parent.receive(parseStun(check)!, check, path, now)
    const overheard = approach.poll(0)!.check
    receive(overheard, from('10.1.0.7'), 0)
    approach.hear(0)
    for (let now = 20; now < 4000; now += 20) {
      const check = approach.poll(now)?.check
      if (check) receive(check, from('10.1.0.7'), now)
      approach.hear(now)
      receive(overheard, from('192.0.2.66'), now)
      expect(parent.selected?.remoteAddress).toBe('10.1.0.7')
    }
  })
})
