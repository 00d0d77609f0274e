import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import { DeadlineHeap } from './deadline-heap.ts'

// Node's timers count in 32 bits of ms and fire at once beyond that.
const longestWait = 2 ** 31 - 1

/**
 * Polls machines when their time has come, with one timer for all of them: it waits for the
 * earliest `nextTimeout` and not for an interval, so nothing drifts. A poll is late by the
 * grain of Node's timers, 1 ms, and by what else the thread does.
 *
 * A machine's deadline moves when something else calls it; whoever does says so by `changed`.
 */
export class Timers {
  readonly #clock: Clock
  readonly #machines = new DeadlineHeap<Machine>()
  #timer: NodeJS.Timeout | undefined
  /** Monotonic ms for which the timer is set; `Infinity` without one. */
  #wakesAt = Number.POSITIVE_INFINITY
  #firing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(machine: Machine): void {
    this.#machines.set(machine, machine.nextTimeout)
    this.#arm()
  }

  remove(machine: Machine): void {
    this.#machines.delete(machine)
    this.#arm()
  }

  /** The machine's `nextTimeout` may have moved. Does nothing for a machine that is not here. */
  changed(machine: Machine): void {
    if (this.#machines.has(machine)) this.add(machine)
  }

  /** Forgets all machines, and lets the process end. */
  close(): void {
    while (this.#machines.top) this.#machines.delete(this.#machines.top)
    this.#arm()
  }

  #arm(): void {
    const { earliest } = this.#machines
    // A timer set too early is left: setting timers costs more than one that finds nothing due.
    const isSetWell = this.#wakesAt <= earliest && earliest !== Number.POSITIVE_INFINITY
    if (this.#firing || isSetWell) return
    clearTimeout(this.#timer)
    this.#wakesAt = earliest
    if (earliest === Number.POSITIVE_INFINITY) return
    // Rounded up, as a timer that fires a fraction of a ms early would find nothing due.
    const wait = Math.ceil(Math.max(0, earliest - this.#clock.now()))
    this.#timer = setTimeout(() => this.#fire(), Math.min(wait, longestWait))
  }

  #fire(): void {
    const now = this.#clock.now()
    this.#wakesAt = Number.POSITIVE_INFINITY
    this.#firing = true
    try {
      // Bounded, in case the polls of two machines make each other due for ever.
      for (let left = this.#machines.size; left > 0 && this.#machines.earliest <= now; left--) {
        this.#poll(this.#machines.top!, now)
      }
    } finally {
      this.#firing = false
      this.#arm()
    }
  }

  #poll(machine: Machine, now: number): void {
    // Moved first: a machine that throws must not stay on top, or it would starve the rest.
    this.#machines.set(machine, Number.POSITIVE_INFINITY)
    machine.poll(now)
    // One that is due again at once waits for the next turn of the event loop.
    if (this.#machines.has(machine)) {
      this.#machines.set(machine, Math.max(machine.nextTimeout, now + 1))
    }
  }
}
