import { describe, expect, it } from 'vitest'
import { GapRepair } from '#load/gap-repair.ts'

const roundTrip = 40

/** Polls each ms from `from` until before `until`; what was asked for, and when. */
function run(repair: GapRepair, from: number, until: number): string[] {
  const asked: string[] = []
  for (let now = from; now < until; now++) {
    for (let next = repair.poll(now); next; next = repair.poll(now)) {
      asked.push(next.kind === 'nack' ? `${now}: ${next.lost.join(' ')}` : `${now}: keyframe`)
    }
  }
  return asked
}

describe('repair of gaps', () => {
  it('asks for nothing while there is none', () => {
    const repair = new GapRepair(roundTrip)
    expect(repair.nextTimeout).toBe(Number.POSITIVE_INFINITY)
    expect(run(repair, 0, 100)).toEqual([])
  })

  it('asks after 15 ms, again after each round trip, and not for what has come', () => {
    const repair = new GapRepair(roundTrip)
    repair.gap(65_534, 2, 0)
    expect(repair.nextTimeout).toBe(15)
    expect(run(repair, 0, 30)).toEqual(['15: 65535 0 1'])
    repair.filled(0, 30)
    expect(run(repair, 30, 60)).toEqual(['55: 65535 1'])
    repair.filled(65_535, 60)
    repair.filled(1, 60)
    expect(run(repair, 60, 3000)).toEqual([])
    expect(repair.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })

  it('asks for what several gaps lack in one request', () => {
    const repair = new GapRepair(roundTrip)
    repair.gap(10, 12, 0)
    repair.gap(500, 503, 0)
    expect(run(repair, 0, 20)).toEqual(['15: 11 501 502'])
  })

  it('wants a keyframe when a packet is not repaired in ten attempts', () => {
    const repair = new GapRepair(roundTrip)
    repair.gap(10, 12, 0)
    const asked = run(repair, 0, 2000)
    expect(asked.filter((each) => each.endsWith(': 11'))).toHaveLength(10)
    expect(asked.at(-1)).toMatch(/keyframe$/)
    expect(repair.nextTimeout).toBe(Number.POSITIVE_INFINITY)
  })

  it('wants a keyframe at once after a gap that is too long to repair', () => {
    const repair = new GapRepair(roundTrip)
    repair.gap(10, 1000, 0)
    expect(run(repair, 0, 100)).toEqual(['0: keyframe'])
  })

  it('gives up the oldest of very many gaps', () => {
    const repair = new GapRepair(roundTrip)
    for (let gap = 0; gap < 65; gap++) repair.gap(10 * gap, 10 * gap + 2, 0)
    const [first, ...rest] = run(repair, 0, 20)
    expect(first).toBe('0: keyframe')
    expect(rest.join(' ').split(' ').slice(1, 3)).toEqual(['11', '21'])
  })
})
