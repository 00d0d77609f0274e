/** A connection on a bad, distant link is up within two or three seconds (ms). */
const connectWithin = 10_000
/** The server repairs within a second or two what it can; then a new session is better (ms). */
const hopelessAfter = 6000

/**
 * Whether one session can still be saved, by whether anything comes, as the watch page judges
 * (`player/stall-watch.ts`). Every `now` is monotonic ms. Sans-IO.
 */
export class VisitWatch {
  readonly #openedAt: number
  #packets = 0
  #movedAt: number
  #isExcused = false

  constructor(now: number) {
    this.#openedAt = now
    this.#movedAt = now
  }

  /** While the publisher is away, the server keeps the session for its return. */
  publisher(isThere: boolean): void {
    this.#isExcused = !isThere
  }

  /** @param packets any count that grows while media comes @returns why there is no more hope */
  look(packets: number, now: number): string | undefined {
    if (packets !== this.#packets || this.#isExcused) this.#movedAt = now
    this.#packets = packets
    if (packets === 0) {
      return now - this.#openedAt > connectWithin ? 'nothing came' : undefined
    }
    return now - this.#movedAt > hopelessAfter ? 'nothing came any more' : undefined
  }
}
