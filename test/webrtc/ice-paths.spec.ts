import { beforeEach, describe, expect, it } from 'vitest'
import { IceLite } from '#webrtc/ice-lite.ts'
import { elsewhere, FullAgent, here, pathFrom, there } from './full-agent.ts'

let agent: FullAgent
beforeEach(() => {
  agent = new FullAgent()
})

describe('which path is used (RFC 8445 §8.2)', () => {
  it('is the first that proves itself, until one is nominated', () => {
    expect(agent.ice.selected).toBeUndefined()
    agent.check(here)
    agent.check(there)
    expect(agent.ice.selected).toEqual(here)
    expect(agent.ice.nominated).toBe(false)
  })

  it('is the nominated one at once (ICE-47, ICE-57)', () => {
    agent.check(here)
    expect(agent.check(there, { useCandidate: true })).toMatchObject({
      nominated: true,
      newPath: true,
    })
    expect(agent.ice.selected).toEqual(there)
    expect(agent.ice.nominated).toBe(true)
  })

  it('is said to be nominated once only', () => {
    agent.check(here)
    expect(agent.check(here, { useCandidate: true })).toMatchObject({ nominated: true })
    expect(agent.check(here, { useCandidate: true })).toMatchObject({ nominated: false })
  })

  it('is another one over TCP, though all addresses are the same', () => {
    const overTcp = pathFrom(here.remoteAddress, here.remotePort, 'tcp')
    agent.check(here, { useCandidate: true, priority: 0x6e_00_00_ff })
    expect(agent.ice.verified(overTcp)).toBe(false)
    expect(agent.check(overTcp, { priority: 0x5a_00_00_ff })).toMatchObject({ newPath: true })
    expect(agent.ice.selected).toEqual(here)
    agent.check(overTcp, { useCandidate: true, priority: 0x7e_00_00_ff })
    expect(agent.ice.selected).toEqual(overTcp)
  })

  it('is UDP for a peer that nominates all, for its priority (ICE-50, ICE-75)', () => {
    const overTcp = pathFrom(there.remoteAddress, there.remotePort, 'tcp')
    agent.check(overTcp, { useCandidate: true, priority: 0x5a_00_00_ff })
    expect(agent.ice.selected).toEqual(overTcp)
    for (let round = 0; round < 3; round++) {
      agent.check(here, { useCandidate: true, priority: 0x6e_00_00_ff })
      agent.check(overTcp, { useCandidate: true, priority: 0x5a_00_00_ff })
      expect(agent.ice.selected).toEqual(here)
    }
  })

  it('does not change for a check without nomination (ICE-49, ICE-57)', () => {
    agent.check(here, { useCandidate: true })
    agent.check(there, { priority: 0xffff_ffff })
    expect(agent.ice.selected).toEqual(here)
  })

  it('is the same object while it is the same path', () => {
    agent.check(here, { useCandidate: true })
    const before = agent.ice.selected
    agent.check({ ...here }, { useCandidate: true })
    expect(agent.ice.selected).toBe(before)
  })

  it('is the one with the highest priority for a peer that nominates all (ICE-50)', () => {
    const changes: unknown[] = []
    for (let round = 0; round < 5; round++) {
      for (const [path, priority] of [
        [here, 100],
        [there, 300],
        [elsewhere, 200],
      ] as const) {
        if (agent.check(path, { priority, useCandidate: true }).kind !== 'reply') continue
        if (changes.at(-1) !== agent.ice.selected) changes.push(agent.ice.selected)
      }
    }
    expect(changes).toEqual([here, there])
  })

  it('follows a peer whose new network has a lower priority, at its second nomination', () => {
    agent.check(here, { priority: 300, useCandidate: true })
    expect(agent.check(there, { priority: 100, useCandidate: true })).toMatchObject({
      nominated: false,
    })
    expect(agent.ice.selected).toEqual(here)
    expect(agent.check(there, { priority: 100, useCandidate: true })).toMatchObject({
      nominated: true,
    })
    expect(agent.ice.selected).toEqual(there)
  })

  it('stays when the peer speaks up for it in between', () => {
    agent.check(here, { priority: 300, useCandidate: true })
    agent.check(there, { priority: 100, useCandidate: true })
    agent.check(here, { priority: 300, useCandidate: true })
    agent.check(there, { priority: 100, useCandidate: true })
    expect(agent.ice.selected).toEqual(here)
  })

  it('follows at once a peer whose NAT has given it another address', () => {
    agent.check(here, { priority: 300, useCandidate: true }, 0)
    expect(agent.check(elsewhere, { priority: 300, useCandidate: true }, 2500)).toMatchObject({
      nominated: true,
    })
    expect(agent.ice.selected).toEqual(elsewhere)
  })

  it.each`
    what                                         | path                                         | priority | at
    ${'while the one in use is checked as well'} | ${there}                                     | ${300}   | ${999}
    ${'with a priority that is lower'}           | ${there}                                     | ${299}   | ${2500}
    ${'over TCP'}                                | ${pathFrom('192.0.2.7', 9, 'tcp')}           | ${300}   | ${2500}
    ${'to another address of ours'}              | ${{ ...there, localAddress: '203.0.113.6' }} | ${300}   | ${2500}
  `('does not change for one nomination $what', ({ path, priority, at }) => {
    agent.check(here, { priority: 300, useCandidate: true }, 0)
    agent.check(path, { priority, useCandidate: true }, at)
    expect(agent.ice.selected).toEqual(here)
  })

  it('stays for a peer that nominates several of the same priority in turn (ICE-50)', () => {
    for (let now = 0; now < 5000; now += 500) {
      agent.check(here, { useCandidate: true }, now)
      agent.check(there, { useCandidate: true }, now + 250)
    }
    expect(agent.ice.selected).toEqual(here)
  })

  it('follows the highest NOMINATION of libwebrtc, up and not down (ICE-51)', () => {
    agent.check(here, { nomination: 1, priority: 300 })
    expect(agent.ice.selected).toEqual(here)
    expect(agent.check(there, { nomination: 2, priority: 100 })).toMatchObject({ nominated: true })
    expect(agent.ice.selected).toEqual(there)
    expect(agent.check(here, { nomination: 1, priority: 300 })).toMatchObject({ nominated: false })
    expect(agent.check(here, { nomination: 2, priority: 300 })).toMatchObject({ nominated: false })
    expect(agent.ice.selected).toEqual(there)
  })
})

describe('how many paths are known (ICE-56)', () => {
  it('are eight: the oldest goes, never the selected one', () => {
    agent.check(here, { useCandidate: true }, 0)
    const others = Array.from({ length: 9 }, (_, i) => pathFrom('198.51.100.9', 1000 + i))
    for (const [i, path] of others.entries()) agent.check(path, {}, 10 + i)
    expect(agent.ice.verified(here)).toBe(true)
    expect(others.map((path) => agent.ice.verified(path))).toEqual([
      false,
      false,
      ...Array.from({ length: 7 }, () => true),
    ])
  })

  it('counts a path as young that was checked lately', () => {
    agent.check(here, { useCandidate: true }, 0)
    const others = Array.from({ length: 7 }, (_, i) => pathFrom('198.51.100.9', 1000 + i))
    for (const [i, path] of others.entries()) agent.check(path, {}, 10 + i)
    agent.check(others[0]!, {}, 100)
    agent.check(there, {}, 101)
    expect(agent.ice.verified(others[0]!)).toBe(true)
    expect(agent.ice.verified(others[1]!)).toBe(false)
  })
})

describe('consent (RFC 7675 §5.1, ICE-66..68, WHIP-35)', () => {
  it('is waited for 15 s', () => {
    agent = new FullAgent(new IceLite({ now: 1000 }))
    expect(agent.ice.nextTimeout).toBe(16_000)
    expect(agent.ice.expired(15_999)).toBe(false)
    expect(agent.ice.expired(16_000)).toBe(true)
  })

  it('is waited for from when the peer could begin', () => {
    agent.ice.expect(14_000)
    expect(agent.ice.nextTimeout).toBe(29_000)
    agent.check(here, {}, 28_000)
    expect(agent.ice.nextTimeout).toBe(58_000)
  })

  it('lasts 30 s from each valid check', () => {
    agent.check(here, {}, 100)
    agent.check(here, {}, 5000)
    expect(agent.ice.nextTimeout).toBe(35_000)
    expect(agent.ice.expired(34_999)).toBe(false)
    expect(agent.ice.expired(35_000)).toBe(true)
  })

  it('comes from no check with a wrong password', () => {
    agent.check(here, {}, 100)
    agent.send(agent.request({ password: 'a'.repeat(24) }), here, 20_000)
    expect(agent.ice.nextTimeout).toBe(30_100)
  })

  it('is for the path in use: a check from another one does not keep us sending there', () => {
    agent.check(here, { useCandidate: true }, 100)
    agent.check(there, { useCandidate: true, priority: 2000 }, 200)
    expect(agent.ice.selected).toEqual(there)
    agent.check(here, {}, 20_000)
    expect(agent.ice.expired(30_200)).toBe(true)
  })

  it('moves to the path that is nominated', () => {
    agent.check(here, { useCandidate: true }, 100)
    agent.check(there, { useCandidate: true }, 20_000)
    agent.check(there, { useCandidate: true }, 20_001)
    expect(agent.ice.selected).toEqual(there)
    expect(agent.ice.nextTimeout).toBe(50_001)
  })

  it('may be read from media where the owner says so (WHIP-36)', () => {
    agent.ice.heard(5000)
    expect(agent.ice.nextTimeout).toBe(15_000)
    agent.check(here, {}, 100)
    agent.ice.heard(9000)
    expect(agent.ice.nextTimeout).toBe(39_000)
  })

  it('has times that can be set', () => {
    agent = new FullAgent(new IceLite({ now: 0, firstCheckTimeout: 500, consentTimeout: 700 }))
    expect(agent.ice.nextTimeout).toBe(500)
    agent.check(here, {}, 100)
    expect(agent.ice.nextTimeout).toBe(800)
  })
})

describe('after the end (RFC 7675 §5.2, ICE-69, ICE-70)', () => {
  it('checks are answered with 403 for 30 s, and change nothing', () => {
    agent.check(here, { useCandidate: true }, 100)
    agent.ice.revoke(1000)
    const reaction = agent.check(there, { useCandidate: true }, 2000)
    expect(agent.read(reaction)).toMatchObject({ class: 'error', errorCode: 403 })
    expect(reaction).toMatchObject({ nominated: false, newPath: false })
    expect(agent.ice.verified(there)).toBe(false)
    agent.ice.heard(3000)
    agent.ice.revoke(4000)
    expect(agent.ice.nextTimeout).toBe(31_000)
  })

  it('strangers still hear nothing', () => {
    agent.ice.revoke(1000)
    const reaction = agent.send(agent.request({ password: 'a'.repeat(24) }))
    expect(reaction).toEqual({ kind: 'drop', reason: 'bad-integrity' })
  })
})
