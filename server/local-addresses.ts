import { isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

/** Announced at most; a list of docker bridges helps nobody. */
const maxAddresses = 16

/**
 * The addresses of this machine that media may come to, best first: those that others can reach
 * before loopback (a client that tries only one takes the first, IO-41), IPv4 before IPv6.
 * Link-local ones need a scope that SDP cannot carry.
 *
 * @param interfaces as `os.networkInterfaces()` gives them
 */
export function localAddresses(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? [])
  const usable = all.filter(({ address }) => !/^(fe[89ab][0-9a-f]:|169\.254\.)/i.test(address))
  const rank = ({ address, internal }: NetworkInterfaceInfo) => {
    return (internal ? 2 : 0) + (isIPv6(address) ? 1 : 0)
  }
  const sorted = usable.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address)
  return [...new Set(sorted)].slice(0, maxAddresses)
}
