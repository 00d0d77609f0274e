import { describe, expect, it } from 'vitest'
import { Reattachment, reattachTiming } from '#control/topology/reattachment.ts'

const options = { stream: 'default/s', node: 'n', depth: 1, lost: 'p', standby: 's' }

describe('the search for a parent', () => {
  it('asks the standby, then the others, and never the one that was lost', () => {
    const search = new Reattachment(options, 0)
    expect(search.nextTimeout).toBeLessThan(reattachTiming.firstSpread)
    const now = search.nextTimeout
    expect(search.poll(now, () => 'a')).toEqual({ kind: 'ask', parent: 's' })
    search.refuse('s', now + 5)
    const avoided: string[][] = []
    const choose = (avoid: ReadonlySet<string>) => {
      avoided.push([...avoid])
      return 'a'
    }
    expect(search.poll(now + 5, choose)).toEqual({ kind: 'ask', parent: 'a' })
    expect(avoided).toEqual([['p', 's']])
  })

  it('leaves out one that refused before it began', () => {
    const search = new Reattachment({ stream: 'default/s', node: 'n', depth: 1, refused: 'q' }, 0)
    const avoided: string[][] = []
    search.poll(search.nextTimeout, (avoid) => {
      avoided.push([...avoid])
      return undefined
    })
    expect(avoided).toEqual([['q']])
  })

  it('names the lost parent, and leaves it out, for as long as the registry may show it', () => {
    const search = new Reattachment({ stream: 'default/s', node: 'n', depth: 1, lost: 'p' }, 0)
    const rounds = Array.from({ length: 8 }, () => {
      const now = search.nextTimeout
      let avoided: string[] = []
      search.poll(now, (avoid) => {
        avoided = [...avoid]
        return undefined
      })
      return { isEarly: now < reattachTiming.lostFor, avoided, lost: search.lost }
    })
    const early = rounds.filter(({ isEarly }) => isEarly)
    expect(early.length).toBeGreaterThan(2)
    for (const { avoided, lost } of early) {
      expect(avoided).toEqual(['p'])
      expect(lost).toBe('p')
    }
    expect(rounds.at(-1)).toEqual({ isEarly: false, avoided: [], lost: undefined })
  })

  it.each(['n', 'm', 'edge-1', 'edge-2', 'far'])(
    'asks the lost parent as soon as it may be back, where %s knows nobody else',
    (node) => {
      const { lostFor, firstSpread } = reattachTiming
      const search = new Reattachment({ stream: 'default/s', node, depth: 1, lost: 'p' }, 0)
      const choose = (avoid: ReadonlySet<string>) => (avoid.has('p') ? undefined : 'p')
      let now = 0
      do now = search.nextTimeout
      while (search.poll(now, choose)?.kind !== 'ask')
      expect(now).toBeGreaterThanOrEqual(lostFor)
      // By turns, as at first.
      expect(now).toBeLessThan(lostFor + firstSpread)
    },
  )

  it('goes on when there is no answer', () => {
    const search = new Reattachment(options, 0)
    const now = search.nextTimeout
    search.poll(now, () => undefined)
    expect(search.nextTimeout).toBe(now + reattachTiming.answerTimeout)
    expect(search.poll(search.nextTimeout, () => 'a')).toEqual({ kind: 'ask', parent: 'a' })
  })

  it('lets those near the origin go first', () => {
    const early = new Reattachment({ ...options, depth: 1 }, 0)
    const late = new Reattachment({ ...options, depth: 2 }, 0)
    expect(late.nextTimeout).toBe(early.nextTimeout + reattachTiming.firstSpread)
  })

  it.each(['refuses', 'does not answer'])(
    'asks nobody else for a change that need not be, when that one %s',
    (how) => {
      const optional = { stream: 'default/s', node: 'n', depth: 1, standby: 's' }
      const search = new Reattachment({ ...optional, isOptional: true, atOnce: true }, 0)
      expect(search.poll(0, () => 'a')).toEqual({ kind: 'ask', parent: 's' })
      if (how === 'refuses') search.refuse('s', 5)
      expect(search.poll(search.nextTimeout, () => 'a')).toEqual({ kind: 'stay' })
    },
  )

  it('waits longer each round, and sets its children free once', () => {
    const search = new Reattachment({ stream: 'default/s', node: 'n', depth: 1 }, 0)
    const steps = Array.from({ length: 12 }, () => search.poll(search.nextTimeout, () => undefined))
    expect(steps.filter((step) => step?.kind === 'split')).toHaveLength(1)
    const now = search.nextTimeout
    search.poll(now, () => undefined)
    expect(search.nextTimeout - now).toBeGreaterThanOrEqual(reattachTiming.longestSpread / 2)
  })
})
