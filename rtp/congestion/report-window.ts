import { distance } from '#rtp/sequence.ts'

/** Numbers remembered, a power of two: no more than the sender remembers of what it sent. */
export const reportWindowSize = 2048

const untold = 0
const lost = 1
const arrived = 2

/** What reports have told of the newest numbers so far, so that each counts once (BWE-4). */
export class ReportWindow {
  readonly #told = new Uint8Array(reportWindowSize)
  #newest: number | undefined

  /**
   * How many numbers before this one no report has spoken of, as far as they are remembered.
   *
   * @param number 16 bits, the first of a report
   */
  skippedBefore(number: number): number {
    const ahead = this.#newest === undefined ? 0 : distance(this.#newest, number) - 1
    return Math.min(Math.max(0, ahead), reportWindowSize)
  }

  /**
   * @param number 16 bits
   * @returns whether that is news
   */
  lose(number: number): boolean {
    if (!this.#reach(number)) return false
    const place = number % reportWindowSize
    if (this.#told[place] !== untold) return false
    this.#told[place] = lost
    return true
  }

  /**
   * @param number 16 bits
   * @returns 'new', 'found' for one that was told to be lost, or undefined if it is no news
   */
  arrive(number: number): 'new' | 'found' | undefined {
    if (!this.#reach(number)) return undefined
    const place = number % reportWindowSize
    const before = this.#told[place]
    if (before === arrived) return undefined
    this.#told[place] = arrived
    return before === lost ? 'found' : 'new'
  }

  /** Makes room up to that number; false if it lies too far back. */
  #reach(number: number): boolean {
    this.#newest ??= number
    const ahead = distance(this.#newest, number)
    if (ahead <= -reportWindowSize) return false
    for (let step = Math.min(ahead, reportWindowSize) - 1; step >= 0; step--) {
      this.#told[(number - step) & (reportWindowSize - 1)] = untold
    }
    if (ahead > 0) this.#newest = number
    return true
  }
}
