/** An unbroken series of a layer's packets over a link (docs/tree.md, "Numbers"). */
export interface LayerRun {
  readonly ssrc: number
  /** What the ingest index is more than the SRTP index. */
  readonly base: number
  /** Ingest index of the first packet that will come. */
  readonly from: number
  /** Where the sender's log ended when it began: up to there it comes faster than it was made. */
  readonly end: number
}

/** Between nodes much is on its way at once, and repairs are cheap. */
export const linkRepair = {
  reorderWait: 10,
  maxGap: 4096,
  maxLosses: 8192,
  maxAttempts: 20,
  maxAge: 4_000,
} as const
