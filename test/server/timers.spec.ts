import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Machine } from '#core/machine.ts'
import { DeadlineHeap } from '#server/deadline-heap.ts'
import { systemClock } from '#server/system-clock.ts'
import { Timers } from '#server/timers.ts'

/** Wants a poll every `interval` ms, by a plan that lateness does not shift. */
class Metronome implements Machine {
  readonly polls: number[] = []
  nextTimeout: number
  readonly #interval: number

  constructor(first: number, interval = Number.POSITIVE_INFINITY) {
    this.nextTimeout = first
    this.#interval = interval
  }

  poll(now: number): void {
    this.polls.push(now)
    this.nextTimeout += this.#interval
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('timers', () => {
  it('poll each machine at its time, and keep one timer', () => {
    const timers = new Timers(systemClock)
    const [often, once, never] = [new Metronome(10, 10), new Metronome(25), new Metronome(Infinity)]
    for (const machine of [often, once, never]) timers.add(machine)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(40)
    expect(often.polls).toEqual([10, 20, 30, 40])
    expect(once.polls).toEqual([25])
    expect(never.polls).toEqual([])
    expect(vi.getTimerCount()).toBe(1)
  })

  it('do not drift: fractions of a ms do not add up', () => {
    const timers = new Timers(systemClock)
    const machine = new Metronome(0.3, 33.3)
    timers.add(machine)
    vi.advanceTimersByTime(10_000)
    const late = machine.polls.map((at, index) => at - (0.3 + index * 33.3))
    expect(machine.polls).toHaveLength(301)
    expect(Math.max(...late)).toBeLessThan(1.001)
    expect(Math.min(...late)).toBeGreaterThan(-0.001)
  })

  it('follow a deadline that moves either way', () => {
    const timers = new Timers(systemClock)
    const machine = new Metronome(100)
    timers.add(machine)
    machine.nextTimeout = 20
    timers.changed(machine)
    vi.advanceTimersByTime(19)
    machine.nextTimeout = 30
    timers.changed(machine)
    vi.advanceTimersByTime(100)
    expect(machine.polls).toEqual([30])
  })

  it('leave alone what was removed, or never added', () => {
    const timers = new Timers(systemClock)
    const [gone, stranger] = [new Metronome(10), new Metronome(10)]
    timers.add(gone)
    timers.remove(gone)
    timers.changed(gone)
    timers.changed(stranger)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('hold nothing after close', () => {
    const timers = new Timers(systemClock)
    timers.add(new Metronome(10))
    timers.add(new Metronome(20))
    timers.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('let a machine add and remove others, and itself, while it is polled', () => {
    const timers = new Timers(systemClock)
    const child = new Metronome(10)
    const doomed = new Metronome(10.5)
    const parent: Machine = {
      nextTimeout: 10,
      poll: () => {
        timers.add(child)
        timers.remove(doomed)
        timers.remove(parent)
      },
    }
    timers.add(parent)
    timers.add(doomed)
    vi.advanceTimersByTime(20)
    expect([child.polls.length, doomed.polls.length, vi.getTimerCount()]).toEqual([1, 0, 0])
  })

  it('poll a machine that stays due once a turn, beside the others', () => {
    const timers = new Timers(systemClock)
    const stuck = { nextTimeout: 0, polls: 0, poll: () => stuck.polls++ }
    const other = new Metronome(5)
    timers.add(stuck)
    timers.add(other)
    vi.advanceTimersByTime(10)
    expect(stuck.polls).toBeLessThanOrEqual(11)
    expect(other.polls).toEqual([5])
  })

  it('go on with the others when one throws', () => {
    const timers = new Timers(systemClock)
    const faulty: Machine = {
      nextTimeout: 10,
      poll: () => {
        throw new Error('a bug')
      },
    }
    const other = new Metronome(10, 10)
    timers.add(faulty)
    timers.add(other)
    expect(() => vi.advanceTimersByTime(10)).toThrow('a bug')
    vi.advanceTimersByTime(20)
    expect(other.polls).toHaveLength(3)
  })

  it('wait for more than a timer of Node can', () => {
    const timers = new Timers(systemClock)
    const machine = new Metronome(2 ** 32)
    timers.add(machine)
    vi.advanceTimersByTime(2 ** 32 - 1)
    expect(machine.polls).toEqual([])
    vi.advanceTimersByTime(1)
    expect(machine.polls).toEqual([2 ** 32])
  })
})

describe('the deadline heap', () => {
  it('has the earliest on top after any changes', () => {
    const step = fc.record({
      item: fc.nat(20),
      due: fc.oneof(fc.nat(100), fc.constant(undefined)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new DeadlineHeap<number>()
        const model = new Map<number, number>()
        for (const { item, due } of steps) {
          if (due === undefined) {
            heap.delete(item)
            model.delete(item)
          } else {
            heap.set(item, due)
            model.set(item, due)
          }
          expect(heap.size).toBe(model.size)
          expect(heap.earliest).toBe(Math.min(...model.values()))
          expect(heap.top === undefined ? undefined : model.get(heap.top)).toBe(
            model.size === 0 ? undefined : heap.earliest,
          )
        }
      }),
    )
  })
})
