/**
 * A sans-IO protocol machine that also acts with time. Its owner keeps one timer for the
 * earliest `nextTimeout` of all its machines and calls `poll` when that has come.
 */
export interface Machine {
  /** Monotonic ms at which `poll` next has something to do; `Infinity` while it has nothing. */
  readonly nextTimeout: number
  /** @param now monotonic ms */
  poll(now: number): void
}
