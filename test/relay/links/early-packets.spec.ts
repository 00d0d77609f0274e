import { describe, expect, it } from 'vitest'
import { SlabPool } from '#native/slab.ts'
import { EarlyPackets } from '#relay/links/early-packets.ts'
import { labelled, SlabWriter } from '#test/support/stored-packets.ts'

/** Keeps packets that their writer has let go of. */
function keeping() {
  const pool = new SlabPool()
  const writer = new SlabWriter(pool)
  const early = new EarlyPackets()
  const keep = (ssrc: number, arrivedAt: number) => {
    const written = writer.write(labelled(`${ssrc}`, { ssrc }))
    early.keep({ ...written, ssrc, arrivedAt })
    return written.slab
  }
  return { early, keep, close: () => writer.close() }
}

describe('packets before the word of their run', () => {
  it('are given out in order, once, those of the run alone', () => {
    const { early, keep } = keeping()
    keep(5, 1)
    keep(6, 2)
    keep(5, 3)
    const given: number[] = []
    early.release(5, ({ arrivedAt }) => given.push(arrivedAt))
    early.release(5, ({ arrivedAt }) => given.push(arrivedAt))
    early.release(6, ({ arrivedAt }) => given.push(arrivedAt))
    expect(given).toEqual([1, 3, 2])
  })

  it('are let go of when nobody announces them, memory and all', () => {
    const { early, keep, close } = keeping()
    const slab = keep(5, 0)
    close()
    expect(slab.references).toBe(1)
    early.expire(1900)
    expect(slab.references).toBe(1)
    early.expire(2100)
    expect(slab.references).toBe(0)
    const given: number[] = []
    early.release(5, ({ arrivedAt }) => given.push(arrivedAt))
    expect(given).toEqual([])
  })

  it('outlast those of a run that was over before it was announced', () => {
    const { early, keep } = keeping()
    keep(5, 0)
    keep(6, 1900)
    keep(6, 2100)
    const given: number[] = []
    early.release(6, ({ arrivedAt }) => given.push(arrivedAt))
    expect(given).toEqual([1900, 2100])
  })

  it('are so many at most, the first of them', () => {
    const { early, keep } = keeping()
    for (let i = 0; i < 20_000; i++) keep(5, i / 100)
    const given: number[] = []
    early.release(5, ({ arrivedAt }) => given.push(arrivedAt))
    expect([given[0], given.length]).toEqual([0, 16_384])
  })
})
