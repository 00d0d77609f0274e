import { shareOf } from './hash.ts'

/** When a node that has a parent looks for a better one. Times in ms. */
export const bettermentTiming = {
  /** For so long after it has found a parent a node stays, and up to a `spread` longer. */
  rest: 30_000,
  spread: 30_000,
  /** Between two looks in vain; up to twice as long. */
  lookInterval: 10_000,
  /** What is better must still be so after that: longer than the registry is late. */
  confirm: 5000,
} as const

/** What to do now: get a control connection to that node ready, or move there. */
export interface BettermentStep {
  readonly kind: 'prepare' | 'move'
  readonly parent: string
}

/**
 * When a node leaves a parent that works for one that suits the tree better: a branch that fled to
 * the origin or to another region goes back. It moves once in 30 s at most, and only for what
 * stays better for a while; those who see the same at the same time move one after the other.
 *
 * Sans-IO: `placed` begins the rest, `poll` says what to do. Every `now` is monotonic ms.
 */
export class Betterment {
  readonly #node: string
  readonly #stream: string
  #nextTimeout = Number.POSITIVE_INFINITY
  #isSeen = false
  #round = 0

  constructor({ node, stream }: { readonly node: string; readonly stream: string }) {
    this.#node = node
    this.#stream = stream
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  /** There is a parent, another one than before. */
  placed(now: number): void {
    const { rest, spread } = bettermentTiming
    this.#wait(now, rest, spread)
  }

  /** @param better asked for only when it is time */
  poll(now: number, better: () => string | undefined): BettermentStep | undefined {
    if (now < this.#nextTimeout) return undefined
    const { rest, spread, lookInterval, confirm } = bettermentTiming
    const parent = better()
    if (parent === undefined) {
      this.#wait(now, lookInterval, lookInterval)
      return undefined
    }
    if (this.#isSeen) {
      // Also where it refuses: the next try is not sooner.
      this.#wait(now, rest, spread)
      return { kind: 'move', parent }
    }
    this.#isSeen = true
    this.#nextTimeout = now + confirm
    return { kind: 'prepare', parent }
  }

  #wait(now: number, least: number, spread: number): void {
    this.#isSeen = false
    this.#round++
    const share = shareOf(`${this.#node} ${this.#round}`, this.#stream)
    this.#nextTimeout = now + least + spread * share
  }
}
