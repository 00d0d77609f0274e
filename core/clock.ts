/** The two clocks of a node; machines take `now` as an argument and never ask. */
export interface Clock {
  /** Monotonic milliseconds, for every interval and timeout. */
  now(): number
  /** Milliseconds since the Unix epoch, only for what leaves the process: NTP, logs, status. */
  wall(): number
}
