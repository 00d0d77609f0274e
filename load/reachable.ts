import type { Endpoint } from './ice-client.ts'

/** The candidates of one address family, best first. */
export interface Reachable {
  readonly family: 4 | 6
  readonly candidates: readonly Endpoint[]
}

/**
 * Chooses the family of a session's one socket: that of the URL if it names an address, else
 * IPv4 where there is a choice. A server that lists all it has lists IPv6 addresses, too, that
 * lead nowhere from here, and some lists begin with them.
 *
 * @param candidates of the answer, best first
 * @returns undefined when there are none
 */
export function reachable(candidates: readonly Endpoint[], url: string): Reachable | undefined {
  const byFamily = { 4: [] as Endpoint[], 6: [] as Endpoint[] }
  for (const candidate of candidates) byFamily[familyOf(candidate.address)].push(candidate)
  const wanted = new URL(url).hostname.startsWith('[') ? 6 : 4
  for (const family of wanted === 6 ? ([6, 4] as const) : ([4, 6] as const)) {
    if (byFamily[family].length > 0) return { family, candidates: byFamily[family] }
  }
  return undefined
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4
}
