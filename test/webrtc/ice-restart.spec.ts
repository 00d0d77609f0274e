import { beforeEach, describe, expect, it } from 'vitest'
import { IceGeneration } from '#webrtc/ice-generation.ts'
import type { IceReaction } from '#webrtc/ice-reaction.ts'
import { attributes, type Check, FullAgent, here, there } from './full-agent.ts'

let agent: FullAgent
let old: IceGeneration
beforeEach(() => {
  agent = new FullAgent()
  agent.check(here, { useCandidate: true }, 0)
  const { localUfrag: ufrag, localPassword: password } = agent.ice
  old = Object.assign(new IceGeneration(), { ufrag, password })
})

/** Restarts, as the peer asked for. @returns the generation */
function restart(now: number): IceGeneration {
  const generation = new IceGeneration()
  agent.ice.restart(generation, now)
  return generation
}

/** A check of some generation. */
function check(of: IceGeneration, path = here, given: Check = {}, now = 0): IceReaction {
  const datagram = agent.request({
    username: `${of.ufrag}:theirs`,
    password: of.password,
    attributes: attributes(given),
  })
  return agent.send(datagram, path, now)
}

describe('a restart (RFC 8445 §9, WHIP-93, WHIP-94)', () => {
  it('gives new credentials, and is known to have happened', () => {
    expect(agent.ice.restarted).toBe(false)
    const { ufrag, password } = restart(1000)
    expect([agent.ice.localUfrag, agent.ice.localPassword]).toEqual([ufrag, password])
    expect(agent.ice.restarted).toBe(true)
  })

  it('answers checks of both generations, each with its own password', () => {
    const young = restart(1000)
    for (const generation of [old, young]) {
      expect(check(generation, here, {}, 1100)).toMatchObject({ kind: 'reply' })
      const { ufrag } = generation
      const other = generation === old ? young : old
      const crossed = Object.assign(new IceGeneration(), { ufrag, password: other.password })
      expect(check(crossed, here, {}, 1100)).toMatchObject({ reason: 'bad-integrity' })
    }
  })

  it('leaves media on the old path until the new one is nominated', () => {
    const young = restart(1000)
    expect(check(young, there, { priority: 9000 }, 1100)).toMatchObject({
      newPath: true,
      nominated: false,
    })
    expect(agent.ice.selected).toEqual(here)
    expect(check(young, there, { useCandidate: true }, 1200)).toMatchObject({ nominated: true })
    expect(agent.ice.selected).toEqual(there)
  })

  it('takes the first nomination, whatever its priority', () => {
    agent.check(here, { useCandidate: true, priority: 5000 }, 10)
    const young = restart(1000)
    check(young, there, { useCandidate: true, priority: 1 }, 1100)
    expect(agent.ice.selected).toEqual(there)
  })

  it('counts NOMINATION anew', () => {
    agent.check(here, { nomination: 7 }, 10)
    const young = restart(1000)
    expect(check(young, there, { nomination: 1 }, 1100)).toMatchObject({ nominated: true })
    expect(agent.ice.selected).toEqual(there)
  })

  it('may nominate the path there was', () => {
    const young = restart(1000)
    expect(check(young, here, { useCandidate: true }, 1100)).toMatchObject({
      nominated: true,
      newPath: false,
    })
    expect(agent.ice.selected).toEqual(here)
  })

  it('is the end of the old generation once it has nominated', () => {
    const young = restart(1000)
    check(young, there, { useCandidate: true }, 1100)
    expect(check(old, here, { useCandidate: true }, 1200)).toMatchObject({
      reason: 'unknown-ufrag',
    })
    expect(agent.ice.answersTo(old.ufrag, 1200)).toBe(false)
    expect(agent.ice.answersTo(young.ufrag, 1200)).toBe(true)
  })

  it('is the end of the old generation after 10 s in any case', () => {
    restart(1000)
    expect(check(old, here, {}, 10_999)).toMatchObject({ kind: 'reply' })
    expect(check(old, here, {}, 11_000)).toMatchObject({ reason: 'unknown-ufrag' })
    expect(agent.ice.selected).toEqual(here)
  })

  it('of several in a row keeps the last, and the one in use before them', () => {
    const dropped = restart(1000)
    const last = restart(3000)
    expect(check(dropped, here, {}, 3100)).toMatchObject({ reason: 'unknown-ufrag' })
    expect(check(old, here, {}, 3100)).toMatchObject({ kind: 'reply' })
    check(last, there, { useCandidate: true }, 3200)
    const next = restart(5000)
    expect(check(old, here, {}, 5100)).toMatchObject({ reason: 'unknown-ufrag' })
    expect(check(last, there, {}, 5100)).toMatchObject({ kind: 'reply' })
    expect(check(next, there, {}, 5100)).toMatchObject({ kind: 'reply' })
  })

  it('before the first check leaves the session to whichever comes first', () => {
    agent = new FullAgent()
    const young = restart(1000)
    check(young, there, {}, 1100)
    expect(agent.ice.selected).toEqual(there)
  })
})

describe('consent around a restart (RFC 7675 §5.1, WHIP-89)', () => {
  it('comes from checks of both generations on the path in use', () => {
    const young = restart(1000)
    check(old, here, {}, 2000)
    expect(agent.ice.nextTimeout).toBe(32_000)
    check(young, here, {}, 3000)
    expect(agent.ice.nextTimeout).toBe(33_000)
  })

  it('does not come from a path that is not nominated', () => {
    const young = restart(1000)
    check(young, there, {}, 20_000)
    expect(agent.ice.nextTimeout).toBe(30_000)
  })

  it('has 10 s more for a peer that asks at the last moment, and no more however often', () => {
    restart(29_000)
    expect(agent.ice.nextTimeout).toBe(39_000)
    restart(35_000)
    expect(agent.ice.nextTimeout).toBe(40_000)
    restart(39_000)
    expect(agent.ice.expired(40_000)).toBe(true)
  })

  it('goes on as ever once the new path is nominated', () => {
    const young = restart(29_000)
    check(young, there, { useCandidate: true }, 31_000)
    expect(agent.ice.nextTimeout).toBe(61_000)
  })

  it('once revoked is refused in both generations (RFC 7675 §5.2)', () => {
    const young = restart(1000)
    agent.ice.revoke(2000)
    for (const generation of [old, young]) {
      const reaction = check(generation, here, {}, 15_000)
      expect(reaction).toMatchObject({ kind: 'reply', nominated: false, newPath: false })
    }
  })
})
