import type { Carried } from './simulated-node.ts'

/** What a simulated cluster went through, since it was last asked. */
export class SimulatedFigures {
  /** Subscribe requests. */
  requests = 0
  /** Most of them that came to one node in one second. */
  peakRequests = 0
  /** Most viewers that joined at one node in one second. */
  peakJoins = 0
  /** Viewers for whom there was no room. */
  unplaced = 0
  /** Viewers that were at a node when it stopped after its drain. */
  cutOff = 0
  /** Times that a circle of parents came to be, and how long the longest stayed, ms. */
  cycles = 0
  longestCycle = 0
  /** Links whose ends have no version of the protocol in common. */
  misunderstood = 0
  /** Times that a branch left a parent that worked for a better one. */
  moves = 0
  /** Publishers whose claim was overtaken. */
  overtaken = 0
  /** Times in which a subtree's root had no parent, ms; of the same publisher before and after. */
  reattached: number[] = []
  /** The same where the publisher is another: until then nobody had the stream. */
  followed: number[] = []
  /** From the first wish for a stream to a parent, ms. */
  begun: number[] = []

  /** A branch has found a parent. @param now ms. @param epoch that the parent tells */
  attached(
    { lostAt, parent, begunAt, epoch: before, search }: Carried,
    now: number,
    epoch: number,
  ) {
    if (lostAt !== undefined)
      (epoch === before ? this.reattached : this.followed).push(now - lostAt)
    else if (parent === undefined) this.begun.push(now - begunAt)
    else if (search?.isOptional) this.moves++
  }

  /** From now on anew. */
  clear(): void {
    Object.assign(this, new SimulatedFigures())
  }
}

/** @returns undefined for no values */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]
}
