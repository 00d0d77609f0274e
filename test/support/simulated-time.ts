import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import type { Scheduler } from '#webrtc/peers.ts'

/** A clock that a spec sets. */
export class SimulatedClock implements Clock {
  time: number
  readonly #epoch: number

  /** @param epoch ms since the Unix epoch at which the monotonic clock showed 0 */
  constructor(time = 0, epoch = Date.UTC(2026, 0, 1)) {
    this.time = time
    this.#epoch = epoch
  }

  now(): number {
    return this.time
  }

  wall(): number {
    return this.#epoch + this.time
  }
}

/** Polls machines at their time, as far as a spec lets time pass. */
export class SimulatedScheduler implements Scheduler {
  readonly machines = new Set<Machine>()
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  add(machine: Machine): void {
    this.machines.add(machine)
  }

  remove(machine: Machine): void {
    this.machines.delete(machine)
  }

  changed(): void {}

  get nextTimeout(): number {
    return Math.min(...[...this.machines].map(({ nextTimeout }) => nextTimeout))
  }

  /** Lets everything happen that is due until then. @param time monotonic ms */
  runTo(time: number): void {
    while (this.nextTimeout <= time) {
      this.#clock.time = Math.max(this.#clock.time, this.nextTimeout)
      this.pollDue()
    }
    this.#clock.time = Math.max(this.#clock.time, time)
  }

  /** Polls what is due now. */
  pollDue(): void {
    const now = this.#clock.time
    for (const machine of [...this.machines]) {
      if (machine.nextTimeout <= now && this.machines.has(machine)) machine.poll(now)
    }
  }
}
