import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { playerModule } from '#test/support/player.ts'

const { Moves } = await playerModule('moves.ts')

/** A session that a move has opened. */
class Opened {
  readonly origin: string
  isClosed = false

  constructor(origin: string) {
    this.origin = origin
  }

  close(): void {
    this.isClosed = true
  }
}

/** More than all attempts take, in ms. */
const allAttempts = 60_000

describe('moves of a page to other nodes', () => {
  const asked: string[] = []
  const done: Opened[] = []
  /** What opens at a node; a promise that never settles where there is none. */
  let answers: Record<string, () => Promise<Opened | undefined>> = {}
  const open = (origin: string) => {
    asked.push(origin)
    return answers[origin]?.() ?? new Promise<never>(() => {})
  }
  const after = (origin: string) => (origin === 'a' ? 'b' : 'a')
  const create = () => new Moves({ open, after, done: (next: Opened) => done.push(next) })
  const refuse = () => Promise.reject(new Error('no room'))

  beforeEach(() => {
    vi.useFakeTimers()
    for (const list of [asked, done]) list.length = 0
    answers = {}
  })
  afterEach(() => vi.useRealTimers())

  it('tries the next node when one would not have it', async () => {
    answers = { a: refuse, b: async () => new Opened('b') }
    const moves = create()
    moves.ask('a')
    await vi.advanceTimersByTimeAsync(allAttempts)
    expect(asked).toEqual(['a', 'b'])
    expect(done).toMatchObject([{ origin: 'b', isClosed: false }])
  })

  it('stays where it is after six of them, until it is asked again', async () => {
    answers = { a: refuse, b: async () => undefined }
    const moves = create()
    moves.ask('a')
    expect(moves.wanted).toBe('a')
    await vi.advanceTimersByTimeAsync(allAttempts)
    expect(asked).toHaveLength(6)
    expect(moves.wanted).toBeUndefined()
    answers.a = async () => new Opened('a')
    moves.ask('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(done).toMatchObject([{ origin: 'a' }])
  })

  it('goes where it was asked to last, as soon as the attempt under way has failed', async () => {
    const slow = Promise.withResolvers<undefined>()
    answers = { a: () => slow.promise, c: async () => new Opened('c') }
    const moves = create()
    moves.ask('a')
    moves.ask('c')
    expect(asked).toEqual(['a'])
    slow.resolve(undefined)
    await vi.advanceTimersByTimeAsync(allAttempts)
    expect(asked).toEqual(['a', 'c'])
    expect(done).toMatchObject([{ origin: 'c' }])
  })

  it('closes what opens too late, and tells where it would have gone', async () => {
    const slow = Promise.withResolvers<Opened>()
    answers = { a: () => slow.promise }
    const moves = create()
    moves.ask('a')
    moves.close()
    const late = new Opened('a')
    slow.resolve(late)
    await vi.advanceTimersByTimeAsync(allAttempts)
    expect(late.isClosed).toBe(true)
    expect(done).toEqual([])
    expect(moves.wanted).toBe('a')
  })

  it('goes nowhere once the session is over', async () => {
    answers = { a: refuse, b: async () => new Opened('b') }
    const moves = create()
    moves.ask('a')
    await vi.advanceTimersByTimeAsync(0)
    moves.close()
    await vi.advanceTimersByTimeAsync(allAttempts)
    moves.ask('b')
    await vi.advanceTimersByTimeAsync(allAttempts)
    expect(asked).toEqual(['a'])
    expect(done).toEqual([])
  })
})
