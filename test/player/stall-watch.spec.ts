import { describe, expect, it } from 'vitest'
import { playerModule } from '#test/support/player.ts'

const { StallWatch } = await playerModule('stall-watch.ts')

describe('a picture that stands still', () => {
  it('is noticed after 2 s and given up after 6', () => {
    const stall = new StallWatch(0)
    expect(stall.update(1, 100)).toBe('moving')
    expect(stall.update(1, 2000)).toBe('moving')
    expect(stall.update(1, 2100)).toBe('stalled')
    expect(stall.update(1, 6000)).toBe('stalled')
    expect(stall.update(1, 6100)).toBe('hopeless')
    expect(stall.update(2, 6200)).toBe('moving')
  })

  it('is not given up while there is a reason', () => {
    const stall = new StallWatch(0)
    stall.update(1, 0)
    for (let now = 2000; now < 60_000; now += 500) {
      expect(stall.update(1, now)).toBe('stalled')
      stall.excuse(now)
    }
    expect(stall.update(1, 63_000)).toBe('stalled')
    expect(stall.update(1, 64_000)).toBe('hopeless')
  })
})
