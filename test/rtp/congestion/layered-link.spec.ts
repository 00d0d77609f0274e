import { describe, expect, it } from 'vitest'
import type { BottleneckOptions } from './support/bottleneck.ts'
import { ThreeLayers } from './support/three-layers.ts'
import { ViewerWorld } from './support/viewer-world.ts'

const mbit = 1_000_000

/** A viewer of three layers, 0.25, 0.8 and 2.5 Mbit/s, with keyframes every 2 s. */
function watch(link: BottleneckOptions) {
  const layers = new ThreeLayers()
  const world = new ViewerWorld({
    ...link,
    start: mbit,
    media: (_, now, estimator) => layers.media(estimator, now),
    wanted: (_, now) => layers.wanted(now),
    keyframes: { every: 60, factor: 4 },
  })
  return { layers, world }
}

describe.each`
  queue  | burst
  ${100} | ${0}
  ${300} | ${0}
  ${100} | ${20_000}
  ${300} | ${20_000}
`('a viewer behind $queue ms of queue and a bucket of $burst bytes', ({ queue, burst }) => {
  it('goes 8 → 1 → 8 Mbit/s: down within a second, up within ten', () => {
    const { layers, world } = watch({ rate: 8 * mbit, queue, burst })
    world.run(20_000)
    expect(layers.switches.at(-1)?.to).toBe(2)

    const down = world.now
    world.link.rate = mbit
    world.run(20_000)
    const first = layers.switches.find(({ at }) => at > down)!
    expect(first.at - down).toBeLessThan(1000)
    expect(first.to).toBeLessThan(2)
    expect(layers.switches.filter(({ at, to }) => at > down && to === 2)).toEqual([])

    const up = world.now
    world.link.rate = 8 * mbit
    world.run(20_000)
    const back = layers.switches.filter(({ at }) => at > up)
    expect(back.find(({ to }) => to === 2)!.at - up).toBeLessThan(10_000)
    expect(back.at(-1)?.to).toBe(2)
  })

  it.each([1.3, 1.6, 2.2])('stays on the middle layer of %f Mbit/s for two minutes', (rate) => {
    const { layers, world } = watch({ rate: rate * mbit, queue, burst })
    world.run(30_000)
    const settled = world.now
    world.run(120_000)
    expect(layers.switches.filter(({ at }) => at > settled)).toEqual([])
    expect(layers.switches.at(-1)?.to).toBe(1)
    expect(world.probed).toBeLessThan(0.15 * world.sent)
  })
})
