/** A datagram of stored packet and viewer: header and playout delay, payload, and the tag of GCM. */
export const datagramSize = 20 + 988 + 16

/** Whole numbers, both ends included. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Labels of a log's packets, by their indices: both ends included. */
export const named = (name: string, from: number, to: number): string[] =>
  range(from, to).map((index) => `${name}${index}`)

/** What a viewer gets when these packets come one after the other: see `Viewer.media`. */
export const numbered = (labels: readonly string[]): [number, string][] =>
  labels.map((label, out) => [out, label])
