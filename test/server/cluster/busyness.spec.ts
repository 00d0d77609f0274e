import { expect, it } from 'vitest'
import { Busyness } from '#server/cluster/busyness.ts'

it('is the part of all cores in use, and follows it within seconds', () => {
  let cpuTime = 100
  const busyness = new Busyness({ cpuTime: () => cpuTime, cores: 2 }, 0)
  expect(busyness.value).toBe(0)
  for (let now = 1000; now <= 30_000; now += 1000) {
    cpuTime += 1000
    busyness.measure(now)
    if (now === 5000) expect(busyness.value).toBeCloseTo(0.5 * (1 - Math.exp(-1)))
  }
  expect(busyness.value).toBeCloseTo(0.5, 2)
  // Threads of the addon and of libuv may count for more than what has passed.
  cpuTime += 1e6
  busyness.measure(31_000)
  expect(busyness.value).toBe(1)
})
