import { describe, expect, it } from 'vitest'
import { VisitWatch } from '#load/visit-watch.ts'

describe('a session of a viewer who stays', () => {
  it('is given up when nothing has come for 10 s', () => {
    const watch = new VisitWatch(0)
    expect(watch.look(0, 10_000)).toBeUndefined()
    expect(watch.look(0, 10_001)).toBe('nothing came')
  })

  it('is given up when nothing has come any more for 6 s', () => {
    const watch = new VisitWatch(0)
    expect(watch.look(1, 1000)).toBeUndefined()
    expect(watch.look(1, 7000)).toBeUndefined()
    expect(watch.look(1, 7001)).toBe('nothing came any more')
  })

  it('is kept while the publisher is away, and for 6 s from its return', () => {
    const watch = new VisitWatch(0)
    watch.look(1, 1000)
    watch.publisher(false)
    expect(watch.look(1, 60_000)).toBeUndefined()
    watch.publisher(true)
    expect(watch.look(1, 66_000)).toBeUndefined()
    expect(watch.look(1, 66_001)).toBe('nothing came any more')
  })
})
