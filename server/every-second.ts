import type { Machine } from '#core/machine.ts'

const interval = 1000

/** Looks at something every second, the first time at once. */
export function everySecond(look: (now: number) => void): Machine {
  let nextTimeout = 0
  return {
    get nextTimeout() {
      return nextTimeout
    },
    poll(now) {
      nextTimeout = now + interval
      look(now)
    },
  }
}
