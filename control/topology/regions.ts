/** How far two regions are apart; only compared, so of any unit: round-trip ms, say. */
export type RegionDistance = (from: string, to: string) => number

/** Where nothing is known of distances: all other regions are equally far. */
export const sameOrNot: RegionDistance = (from, to) => (from === to ? 0 : 1)

/** The nearest first, those that are equally far together. */
export function nearestFirst(
  regions: Iterable<string>,
  distanceTo: (region: string) => number,
): string[][] {
  const tiers = new Map<number, string[]>()
  for (const region of regions) {
    const distance = distanceTo(region)
    const tier = tiers.get(distance)
    if (tier) tier.push(region)
    else tiers.set(distance, [region])
  }
  return [...tiers].sort(([one], [other]) => one - other).map(([, tier]) => tier)
}
