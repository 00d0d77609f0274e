import { beforeAll, describe, expect, it } from 'vitest'
import { KeyRing } from '#control/tokens/key-ring.ts'
import { IssuerKey } from './issuer.ts'

let first: IssuerKey
let second: IssuerKey
beforeAll(() => {
  first = new IssuerKey('first', 'EdDSA')
  second = new IssuerKey('second', 'EdDSA')
})

/** An issuer in simulated time, and a ring that asks it. */
class World {
  now = 0
  asked = 0
  failures = 0
  published: unknown = { keys: [first.jwk] }
  readonly ring = new KeyRing({
    fixed: [],
    clock: { now: () => this.now, wall: () => this.now },
    failed: () => this.failures++,
    fetchJwks: async () => {
      this.asked++
      if (this.published === undefined) throw new Error('unreachable')
      return this.published
    },
  })

  async kids(kid: string): Promise<(string | undefined)[]> {
    const found = await this.ring.candidates({ algorithm: 'EdDSA', kid })
    return found.map((key) => key.kid)
  }
}

const unavailable = expect.objectContaining({ code: 'keys-unavailable' })

describe('the keys of an issuer (SEC-15)', () => {
  it('are asked for once, however many tokens wait', async () => {
    const world = new World()
    const found = await Promise.all(Array.from({ length: 50 }, () => world.kids('first')))
    expect([found.flat().length, world.asked]).toEqual([50, 1])
  })

  it('serve from memory, and are asked for anew after ten minutes', async () => {
    const world = new World()
    await world.kids('first')
    world.now = 599_000
    await world.kids('first')
    expect(world.asked).toBe(1)
    world.now = 601_000
    await world.kids('first')
    expect(world.asked).toBe(2)
  })

  it('an unknown kid asks once a minute, then finds the new key', async () => {
    const world = new World()
    await world.kids('first')
    world.published = { keys: [first.jwk, second.jwk] }
    for (world.now = 1000; world.now < 60_000; world.now += 1000) {
      expect(await world.kids('second')).toEqual([])
    }
    expect(world.asked).toBe(1)
    expect(await world.kids('second')).toEqual(['second'])
    expect(await world.kids('first')).toEqual(['first'])
    expect(world.asked).toBe(2)
  })

  it('a key that the issuer withdrew is gone', async () => {
    const world = new World()
    await world.kids('first')
    world.published = { keys: [second.jwk] }
    world.now = 601_000
    await world.kids('first')
    await world.ring.refresh()
    expect(await world.kids('first')).toEqual([])
  })

  it('an issuer that cannot be reached lets nobody in who is not known', async () => {
    const world = new World()
    world.published = undefined
    await expect(world.kids('first')).rejects.toThrow(unavailable)
    await expect(world.kids('first')).rejects.toThrow(unavailable)
    expect([world.asked, world.failures]).toEqual([1, 1])
    world.published = { keys: [first.jwk] }
    world.now = 60_000
    expect(await world.kids('first')).toEqual(['first'])
  })

  it('what it said last serves for an hour, no longer', async () => {
    const world = new World()
    await world.kids('first')
    world.published = undefined
    world.now = 3_599_000
    expect(await world.kids('first')).toEqual(['first'])
    world.now = 3_700_000
    await expect(world.kids('first')).rejects.toThrow(unavailable)
  })

  it.each([{}, { keys: [] }, { keys: [{ kty: 'oct', k: 'AAAA' }] }, 'keys', 7])(
    '%o is no answer',
    async (published) => {
      const world = new World()
      world.published = published
      await expect(world.kids('first')).rejects.toThrow(unavailable)
      expect(world.failures).toBe(1)
    },
  )
})
