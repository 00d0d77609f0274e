import { describe, expect, it } from 'vitest'
import { Betterment, bettermentTiming } from '#control/topology/betterment.ts'

const { rest, spread, confirm, lookInterval } = bettermentTiming

/** Polled at its times up to `end`, with what is better at each moment. */
function run(node: string, end: number, better: (now: number) => string | undefined) {
  const betterment = new Betterment({ node, stream: 'default/s' })
  const steps: { readonly at: number; readonly kind: string }[] = []
  betterment.placed(0)
  while (betterment.nextTimeout <= end) {
    const now = betterment.nextTimeout
    const step = betterment.poll(now, () => better(now))
    if (step) steps.push({ at: now, kind: step.kind })
  }
  return steps
}

describe('the look for a better parent', () => {
  it('prepares, and moves if it is still better a while later, once in half a minute at most', () => {
    const steps = run('n', 600_000, () => 'p')
    const kinds = steps.map(({ kind }) => kind)
    expect(kinds.slice(0, 4)).toEqual(['prepare', 'move', 'prepare', 'move'])
    const moves = steps.filter(({ kind }) => kind === 'move').map(({ at }) => at)
    expect(moves[0]).toBeGreaterThanOrEqual(rest + confirm)
    expect(moves[0]).toBeLessThan(rest + spread + confirm)
    for (const [at, time] of moves.slice(1).entries()) {
      expect(time - moves[at]!).toBeGreaterThanOrEqual(rest + confirm)
    }
  })

  it('stays for what is better for a moment only', () => {
    let looks = 0
    const steps = run('n', 600_000, () => (looks++ % 2 === 0 ? 'p' : undefined))
    expect(steps.length).toBeGreaterThan(5)
    expect(new Set(steps.map(({ kind }) => kind))).toEqual(new Set(['prepare']))
  })

  it('finds what comes to be better soon, and not all nodes at once', () => {
    const since = 100_000
    const first = Array.from({ length: 200 }, (_, at) => {
      const better = (now: number) => (now >= since ? 'p' : undefined)
      return run(`n${at}`, 200_000, better).find(({ kind }) => kind === 'move')!.at - since
    })
    expect(Math.max(...first)).toBeLessThan(2 * lookInterval + confirm)
    const seconds = Map.groupBy(first, (at) => Math.floor(at / 1000))
    expect(Math.max(...[...seconds.values()].map(({ length }) => length))).toBeLessThan(40)
  })
})
