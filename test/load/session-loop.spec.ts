import { describe, expect, it } from 'vitest'
import type { Machine } from '#core/machine.ts'
import { SessionLoop } from '#load/session-loop.ts'

/** A machine that wants to be polled at the given times, and notes when it was. */
class Wanting implements Machine {
  readonly polls: number[] = []
  readonly done: Promise<void>
  #wants: number[]
  readonly #resolve: () => void

  constructor(wants: readonly number[]) {
    this.#wants = [...wants]
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolve = resolve
  }

  get nextTimeout(): number {
    return this.#wants[0] ?? Number.POSITIVE_INFINITY
  }

  want(at: number): void {
    this.#wants.push(at)
  }

  poll(now: number): void {
    if (now < this.nextTimeout) return
    this.polls.push(now)
    this.#wants.shift()
    if (this.#wants.length === 0) this.#resolve()
  }
}

describe('the loop of all sessions', () => {
  it('polls each machine at each of its times, and not before', async () => {
    const loop = new SessionLoop()
    const start = loop.now()
    const machines = [3, 1, 2].map((first) => new Wanting([start + 5 * first, start + 20 * first]))
    for (const machine of machines) loop.add(machine)
    await Promise.all(machines.map(({ done }) => done))
    for (const [i, first] of [3, 1, 2].entries()) {
      const { polls } = machines[i]!
      expect(polls).toHaveLength(2)
      expect(polls[0]).toBeGreaterThanOrEqual(start + 5 * first)
      expect(polls[1]).toBeGreaterThanOrEqual(start + 20 * first)
      loop.remove(machines[i]!)
    }
  })

  it('hears of a deadline that has moved', async () => {
    const loop = new SessionLoop()
    const machine = new Wanting([])
    loop.add(machine)
    machine.want(loop.now() + 5)
    loop.moved(machine)
    await machine.done
    expect(machine.polls).toHaveLength(1)
    loop.remove(machine)
  })

  it('asks nothing of a machine that was removed', async () => {
    const loop = new SessionLoop()
    const [gone, here] = [new Wanting([loop.now() + 2]), new Wanting([loop.now() + 10])]
    loop.add(gone)
    loop.add(here)
    loop.remove(gone)
    loop.moved(gone)
    await here.done
    expect(gone.polls).toEqual([])
    loop.remove(here)
  })

  it('knows the wall clock to a millisecond', () => {
    const loop = new SessionLoop()
    const before = Date.now()
    const wall = loop.wall()
    expect(wall).toBeGreaterThan(before - 0.5)
    expect(wall).toBeLessThan(Date.now() + 1.5)
    expect(loop.wallAt(loop.now() + 1000) - loop.wall()).toBeCloseTo(1000, -1)
  })
})
