/** Of numbers in any order: what a machine that is busy for a moment does not change. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
}
