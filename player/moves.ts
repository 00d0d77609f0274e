import { backoff, delay } from './page.ts'

/** Nodes that are tried for one move. */
const mostAttempts = 6

/** What a move is made with. */
export interface MoveSteps<T> {
  /**
   * Plays at that node, unseen, what plays at the present one.
   *
   * @param signal aborted when the present session is over: nothing may be left open then
   * @returns undefined where it cannot be had
   */
  open(origin: string, signal: AbortSignal): Promise<T | undefined>
  /** The node to try after that one. */
  after(origin: string): string
  /** Takes its place. Not called once the present session is over. */
  done(next: T): void
}

/**
 * Moves of one session to other nodes, for as long as it lasts. One is under way at a time, and who
 * asks last counts: a node that goes must not wait for a move that was only for the better.
 */
export class Moves<T extends { close(): void }> {
  readonly #steps: MoveSteps<T>
  readonly #over = new AbortController()
  #wanted: string | undefined
  #isUnderWay = false

  constructor(steps: MoveSteps<T>) {
    this.#steps = steps
  }

  /** Where the session was asked to go, and has not gone yet. */
  get wanted(): string | undefined {
    return this.#wanted
  }

  /** Goes on at that node, or at one of the next where that one would not have it. */
  ask(origin: string): void {
    this.#wanted = origin
    if (this.#isUnderWay || this.#over.signal.aborted) return
    this.#isUnderWay = true
    void this.#run()
  }

  /** The session is over: what is still opened is closed again. */
  close(): void {
    this.#over.abort()
  }

  async #run(): Promise<void> {
    while (this.#wanted !== undefined && !this.#over.signal.aborted) {
      const wanted = this.#wanted
      const next = await this.#moveTo(wanted)
      if (next) return this.#take(next)
      // All have been asked. It stays, until it is asked to go again.
      if (this.#wanted === wanted) this.#wanted = undefined
    }
    this.#isUnderWay = false
  }

  #take(next: T): void {
    if (this.#over.signal.aborted) next.close()
    else this.#steps.done(next)
  }

  async #moveTo(wanted: string): Promise<T | undefined> {
    const { signal } = this.#over
    let origin = wanted
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const next = await this.#steps.open(origin, signal).catch(() => undefined)
      if (next) return next
      await delay(backoff(attempt), signal)
      if (signal.aborted || this.#wanted !== wanted) return undefined
      origin = this.#steps.after(origin)
    }
    return undefined
  }
}
