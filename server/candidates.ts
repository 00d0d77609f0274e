import { lookup } from 'node:dns/promises'
import { isLoopbackAddress } from '#core/loopback.ts'
import type { BoundAddress } from '#native/twin/udp-sockets.ts'
import type { HostCandidate } from '#webrtc/sdp/candidate.ts'

/**
 * What clients are told to send media to, best first: UDP, then TCP at the same places. What the
 * operator says is announced in place of what we see of ourselves; loopback stays, last, for
 * clients on this machine.
 *
 * @param announced addresses or host names of the settings
 * @param bound as the media plane listens
 * @param tcp whether it listens for TCP, too
 * @throws Error that names the setting, for a name that cannot be resolved
 */
export async function mediaCandidates(
  announced: readonly string[],
  bound: readonly BoundAddress[],
  tcp: boolean,
): Promise<HostCandidate[]> {
  const reachable = await reachableAt(announced, bound)
  const over = (transport: HostCandidate['transport']) => {
    return reachable.map(({ address, port }) => ({ transport, address, port }))
  }
  return tcp ? [...over('udp'), ...over('tcp')] : over('udp')
}

async function reachableAt(
  announced: readonly string[],
  bound: readonly BoundAddress[],
): Promise<readonly BoundAddress[]> {
  if (announced.length === 0) return bound
  const port = bound[0]!.port
  const resolved = (await Promise.all(announced.map(resolve))).flat()
  const loopback = bound.filter(
    ({ address }) => isLoopbackAddress(address) && !resolved.includes(address),
  )
  return [...resolved.map((address) => ({ address, port })), ...loopback]
}

// SDP needs addresses: clients do not look up names in candidates.
async function resolve(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch (error) {
    throw new Error(`TAILRACE_PUBLIC_ADDRESS: "${name}" cannot be resolved to an address`, {
      cause: error,
    })
  }
}
