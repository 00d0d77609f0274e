import { describe, expect, it } from 'vitest'
import { mapAfter, timeAt } from '#native/twin/time-map.ts'

const map = { delta: 1000, from: 0xffff_f000, span: 9000, squeezed: 1800 }
const end = (map.from + map.span) >>> 0

describe('a map of RTP times', () => {
  it('squeezes its run to right before what follows, over the wrap of 32 bits, too', () => {
    expect(timeAt(map, map.from)).toBe(((end - 1800 + 1000) & 0xffff_ffff) >>> 0)
    expect(timeAt(map, (map.from + 4500) >>> 0)).toBe((end - 900 + 1000) >>> 0)
    expect(timeAt(map, end)).toBe(end + 1000)
    expect(timeAt(map, (map.from - 1) >>> 0)).toBe((map.from - 1 + 1000) >>> 0)
  })

  it('is one constant once the run is over: times come again after 13 hours', () => {
    expect(mapAfter(map, end + 999)).toBe(map)
    const settled = mapAfter(map, end + 1000)
    expect(timeAt(settled, map.from)).toBe((map.from + 1000) >>> 0)
  })
})
