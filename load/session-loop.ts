import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'

/** Longest sleep in ms while there are machines. */
const longestSleep = 1000
/**
 * Least time between two rounds, in ms. A thousand machines are due at a thousand moments: half
 * of these rounds would find one of them.
 */
const leastSleep = 1

/**
 * The clock and the one timer of all sessions in the process. It looks at a machine's deadline
 * after each poll and when told that it moved, and at no other time.
 */
export class SessionLoop implements Clock {
  readonly #machines = new Map<Machine, { due: number }>()
  readonly #wallOffset = measureWallOffset()
  #timer: NodeJS.Timeout | undefined
  /** Monotonic ms at which the timer fires. */
  #wakesAt = Number.POSITIVE_INFINITY

  now(): number {
    return performance.now()
  }

  wall(): number {
    return this.wallAt(performance.now())
  }

  /** @param now monotonic ms @returns the same moment in ms since the Unix epoch */
  wallAt(now: number): number {
    return this.#wallOffset + now
  }

  add(machine: Machine): void {
    this.#machines.set(machine, { due: Number.NEGATIVE_INFINITY })
    this.#wakeBy(performance.now())
  }

  /** The machine's deadline may be another than it was after its last poll. */
  moved(machine: Machine): void {
    const entry = this.#machines.get(machine)
    if (!entry) return
    entry.due = machine.nextTimeout
    this.#wakeBy(entry.due)
  }

  /** With the last machine the timer ends, and the process may. */
  remove(machine: Machine): void {
    this.#machines.delete(machine)
    if (this.#machines.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
  }

  #wakeBy(due: number): void {
    if (due >= this.#wakesAt) return
    clearTimeout(this.#timer)
    const now = performance.now()
    const sleep = Math.min(longestSleep, Math.max(leastSleep, due - now))
    this.#wakesAt = now + sleep
    this.#timer = setTimeout(this.#wake, sleep)
  }

  readonly #wake = (): void => {
    // Until the end of the round nobody sets the timer.
    this.#wakesAt = Number.NEGATIVE_INFINITY
    let earliest = Number.POSITIVE_INFINITY
    for (const [machine, entry] of this.#machines) {
      const now = performance.now()
      if (entry.due <= now) {
        machine.poll(now)
        entry.due = machine.nextTimeout
      }
      earliest = Math.min(earliest, entry.due)
    }
    this.#wakesAt = Number.POSITIVE_INFINITY
    if (this.#machines.size > 0) this.#wakeBy(Math.min(earliest, performance.now() + longestSleep))
  }
}

/** Turns of the wall clock's millisecond that are watched. */
const turns = 4

/**
 * Wall clock minus monotonic clock, in ms, to some microseconds: latency is measured by it.
 * `performance.timeOrigin` is off by a millisecond or two.
 */
function measureWallOffset(): number {
  let offset = Number.NEGATIVE_INFINITY
  for (let turn = 0; turn < turns; turn++) {
    const before = Date.now()
    let wall = before
    while (wall === before) wall = Date.now()
    // Whatever delays us after the turn makes the difference smaller.
    offset = Math.max(offset, wall - performance.now())
  }
  return offset
}
