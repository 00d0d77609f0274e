/** RTCP packets of one peer that are looked at: so many in each second, the rest is passed over. */
export class RtcpBudget {
  readonly #perSecond: number
  #startedAt = 0
  #count = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** One more has come. @param now monotonic ms @returns whether it is within the budget */
  allows(now: number): boolean {
    if (now - this.#startedAt >= 1000) {
      this.#startedAt = now
      this.#count = 0
    }
    return ++this.#count <= this.#perSecond
  }
}
