import { describe, expect, it } from 'vitest'
import { playerModule } from '#test/support/player.ts'

const { CatchUp } = await playerModule('catch-up.ts')

/** Shows frames 1/60 s apart, each `speed` times as much later in the stream; says when live. */
function play(phases: { ms: number; speed: number }[], start = 0): number | undefined {
  const catchUp = new CatchUp()
  let at = 0
  let media = start
  for (const { ms, speed } of phases) {
    for (const end = at + ms; at < end; at += 1000 / 60) {
      if (catchUp.shown(at, Math.round(media) >>> 0)) return at
      media += (1000 / 60) * 90 * speed
    }
  }
  return undefined
}

describe('the end of a replay', () => {
  it('is seen within a fifth of a second where there was none', () => {
    expect(play([{ ms: 1000, speed: 1 }])).toBeLessThan(200)
  })

  it.each([1.5, 3, 10])('is seen soon after it, for one of %d times the speed', (speed) => {
    const live = play([
      { ms: 800, speed },
      { ms: 1000, speed: 1 },
    ])
    expect(live).toBeGreaterThan(800)
    expect(live).toBeLessThan(1100)
  })

  it('is seen across the wrap of the RTP timestamp (RFC 3550 §5.1)', () => {
    const live = play(
      [
        { ms: 800, speed: 3 },
        { ms: 1000, speed: 1 },
      ],
      2 ** 32 - 90_000,
    )
    expect(live).toBeGreaterThan(800)
    expect(live).toBeLessThan(1100)
  })

  it('is not awaited for ever', () => {
    expect(play([{ ms: 10_000, speed: 3 }])).toBeCloseTo(6000, -2)
  })

  it('is assumed where the browser does not tell the time of frames', () => {
    expect(new CatchUp().shown(0, undefined)).toBe(true)
  })
})
