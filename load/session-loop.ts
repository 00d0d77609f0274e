import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'

/**
 * Longest sleep in ms while there are machines: what a packet makes due (a NACK after its wait)
 * is found within this, without telling the loop of every packet.
 */
const longestSleep = 10

/** The clock and the one timer of all sessions in the process. */
export class SessionLoop implements Clock {
  readonly #machines = new Set<Machine>()
  #timer: NodeJS.Timeout | undefined

  now(): number {
    return performance.now()
  }

  wall(): number {
    return performance.timeOrigin + performance.now()
  }

  add(machine: Machine): void {
    this.#machines.add(machine)
    this.#timer ??= setTimeout(this.#wake, 0)
  }

  /** With the last machine the timer ends, and the process may. */
  remove(machine: Machine): void {
    this.#machines.delete(machine)
    if (this.#machines.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #wake = (): void => {
    let earliest = Number.POSITIVE_INFINITY
    for (const machine of this.#machines) {
      const now = performance.now()
      if (machine.nextTimeout <= now) machine.poll(now)
      earliest = Math.min(earliest, machine.nextTimeout)
    }
    if (this.#machines.size === 0) return
    // A poll may have emptied the set and filled it again, with a timer of its own.
    clearTimeout(this.#timer)
    const sleep = Math.min(longestSleep, Math.max(0, earliest - performance.now()))
    this.#timer = setTimeout(this.#wake, sleep)
  }
}
