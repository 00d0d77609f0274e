const interval = 20

/** Notices when the machine gives this page no time: what then stands still is no fault of media. */
export class Heartbeat {
  #stalls = []
  #last = performance.now()

  constructor() {
    setInterval(() => this.#beat(), interval)
  }

  /** Longest time in ms that the page stood still since a moment of `performance.now()`. */
  longestSince(moment) {
    this.#beat()
    return Math.max(0, ...this.#stalls.filter(({ end }) => end > moment).map(({ ms }) => ms))
  }

  #beat() {
    const now = performance.now()
    const ms = now - this.#last - interval
    this.#last = now
    if (ms <= interval) return
    this.#stalls.push({ end: now, ms })
    if (this.#stalls.length > 200) this.#stalls.shift()
  }
}
