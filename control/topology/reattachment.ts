import { shareOf } from './hash.ts'

/** How a node that has no parent for a stream looks for one. Times in ms. */
export const reattachTiming = {
  /** First tries of nodes of the same depth are spread over this, and each depth waits for the last. */
  firstSpread: 100,
  /** The spread doubles with each round of refusals, up to this. */
  longestSpread: 5000,
  /** A parent that has not answered by then is as good as lost: three round trips of the globe. */
  answerTimeout: 1000,
  /** A lost node is shown until its lease ends; one that is there after this is back. */
  lostFor: 3000,
  /** Rounds after which a root gives up for its subtree: each child then looks for itself. */
  roundsBeforeSplit: 4,
} as const

export interface ReattachmentOptions {
  readonly stream: string
  readonly node: string
  /** Links to the origin before the parent was lost; 1 for a node that is new to the stream. */
  readonly depth: number
  /** The parent that was lost: one's own, or that of a child for whom one begins. */
  readonly lost?: string
  /** One that has refused before the search began. */
  readonly refused?: string
  /** Nobody else begins at the same moment: the first is asked without waiting for a turn. */
  readonly atOnce?: boolean
  /** Asked first: the control connection to it is open. */
  readonly standby?: string
  /** There is a parent that works: nobody is asked but the standby. */
  readonly isOptional?: boolean
}

/**
 * What to do now: ask this node; let the children look for themselves and go on alone; or stay, as
 * the better one is not to be had.
 */
export type ReattachmentStep =
  | { readonly kind: 'ask'; readonly parent: string }
  | { readonly kind: 'split' | 'stay' }

/**
 * The search of one node for a parent, for one stream. Only the root of an orphaned subtree
 * searches: below it heartbeats go on, and the children stay where they are.
 *
 * Without a storm: the moment of the first try lies within a window by a hash of node and stream,
 * nodes near the origin have an earlier window than those below, since these may find room at
 * those; each round that ends in vain doubles the window.
 *
 * Sans-IO: `poll` says what to do, `refuse` takes an answer that was no, `nextTimeout` says when to
 * poll again. An answer that was yes ends it: forget the object. Every `now` is monotonic ms.
 */
export class Reattachment {
  readonly #options: ReattachmentOptions
  readonly #avoid = new Set<string>()
  readonly #begun: number
  #lost: string | undefined
  #standby: string | undefined
  #asked: string | undefined
  #round = 0
  #split = false
  #nextTimeout: number

  constructor(options: ReattachmentOptions, now: number) {
    this.#options = options
    this.#begun = now
    this.#lost = options.lost
    this.#standby = options.standby
    for (const id of [options.lost, options.refused]) if (id !== undefined) this.#avoid.add(id)
    const { firstSpread } = reattachTiming
    const turn = Math.max(options.depth - 1, 0) * firstSpread + this.#jitter(firstSpread)
    this.#nextTimeout = options.atOnce ? now : now + turn
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  /**
   * The parent that was lost, for the request to name: a relay that has to begin for us would else
   * ask that very one, which the registry shows until its lease ends. Undefined after that.
   */
  get lost(): string | undefined {
    return this.#lost
  }

  /** Whether there is a parent that works. */
  get isOptional(): boolean {
    return this.#options.isOptional === true
  }

  /** The node whose answer is awaited. */
  get asked(): string | undefined {
    return this.#asked
  }

  /** @param choose the best candidate but for those to avoid; asked only when one is needed */
  poll(
    now: number,
    choose: (avoid: ReadonlySet<string>) => string | undefined,
  ): ReattachmentStep | undefined {
    if (now < this.#nextTimeout) return undefined
    if (now - this.#begun >= reattachTiming.lostFor) this.#find()
    if (this.#asked !== undefined) this.#giveUp(this.#asked)
    const parent = this.#next(this.isOptional ? () => undefined : choose)
    if (parent === undefined && this.isOptional) return { kind: 'stay' }
    if (parent === undefined) return this.#wait(now)
    this.#asked = parent
    this.#nextTimeout = now + reattachTiming.answerTimeout
    return { kind: 'ask', parent }
  }

  /** The one that was asked has no room, is draining, or has no path itself. */
  refuse(parent: string, now: number): void {
    if (parent !== this.#asked) return
    this.#giveUp(parent)
    this.#nextTimeout = now
  }

  #next(choose: (avoid: ReadonlySet<string>) => string | undefined): string | undefined {
    const standby = this.#standby
    this.#standby = undefined
    if (standby !== undefined && !this.#avoid.has(standby)) return standby
    return choose(this.#avoid)
  }

  /** The lost one, where it is still shown, is back. */
  #find(): void {
    if (this.#lost !== undefined) this.#avoid.delete(this.#lost)
    this.#lost = undefined
  }

  #giveUp(parent: string): void {
    this.#asked = undefined
    this.#avoid.add(parent)
  }

  // Whoever refused may have room by the next round, and later the lost parent may be back.
  #wait(now: number): ReattachmentStep | undefined {
    const { firstSpread, longestSpread, roundsBeforeSplit } = reattachTiming
    this.#avoid.clear()
    if (this.#lost !== undefined) this.#avoid.add(this.#lost)
    this.#round++
    const spread = Math.min(firstSpread * 2 ** this.#round, longestSpread)
    this.#nextTimeout = now + spread / 2 + this.#jitter(spread / 2)
    if (this.#lost !== undefined) {
      // Who knows nobody else has no reason to wait longer.
      const foundAt = this.#begun + reattachTiming.lostFor + this.#jitter(firstSpread)
      this.#nextTimeout = Math.min(this.#nextTimeout, foundAt)
    }
    if (this.#round < roundsBeforeSplit || this.#split) return undefined
    this.#split = true
    return { kind: 'split' }
  }

  #jitter(spread: number): number {
    const { node, stream } = this.#options
    return spread * shareOf(`${node} ${this.#round}`, stream)
  }
}
