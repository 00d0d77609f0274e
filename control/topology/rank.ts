/** Where a candidate stands among others; the first figure that differs decides, less is better. */
export interface Rank {
  readonly id: string
  readonly group: number
  /** Between regions, in the measure of whoever asks. */
  readonly distance: number
  readonly depth: number
  /** In steps. */
  readonly load: number
  /** A hash. */
  readonly tie: number
}

export function compareRanks(one: Rank, other: Rank): number {
  return (
    one.group - other.group ||
    one.distance - other.distance ||
    one.depth - other.depth ||
    one.load - other.load ||
    one.tie - other.tie ||
    // Two ids of the same hash: any order, as long as all nodes have the same.
    (one.id < other.id ? -1 : 1)
  )
}
