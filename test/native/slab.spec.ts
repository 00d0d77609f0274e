import { describe, expect, it } from 'vitest'
import { SlabPool } from '#native/slab.ts'

describe('a slab', () => {
  it('comes with a reference and returns to its pool with the last one', () => {
    const pool = new SlabPool()
    const slab = pool.take()
    slab.retain()
    slab.release()
    expect(pool.take()).not.toBe(slab)
    slab.release()
    expect(slab.references).toBe(0)
    expect(pool.take()).toBe(slab)
    expect(slab.references).toBe(1)
  })

  it('is left to the garbage collector when its pool has enough', () => {
    const pool = new SlabPool(2)
    const slabs = [pool.take(), pool.take(), pool.take()]
    for (const slab of slabs) slab.release()
    const again = [pool.take(), pool.take(), pool.take()]
    expect(again.filter((slab) => slabs.includes(slab))).toHaveLength(2)
  })
})
