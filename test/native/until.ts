import { setTimeout as delay } from 'node:timers/promises'

/** Longest wait for anything, in ms: a busy machine is slow, but not that slow. */
const patience = 15_000

/**
 * Waits until the condition holds: a plane with threads of its own does nothing at once.
 *
 * @throws Error with the text of the condition when it never does
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = patience,
): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${condition}`)
    await delay(1)
  }
}
