import { isIPv6 } from 'node:net'

/** Addresses to listen on that stand for every one of the machine. */
const everyAddress = new Set(['::', '0.0.0.0', ''])

export interface OriginFacts {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** Of this machine, best first. */
  readonly addresses: readonly string[]
}

/** Where the HTTP server can be reached, without a slash at the end; the best for a start first. */
export function origins({ secure, host, port, addresses }: OriginFacts): string[] {
  const scheme = secure ? 'https' : 'http'
  const hosts = everyAddress.has(host) ? ['localhost', ...others(addresses)] : [host]
  return hosts.map((name) => `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`)
}

/** The one at which other machines reach it, unless it listens for this one only. */
export function outsideOrigin({ secure, host, port, addresses }: OriginFacts): string {
  const name = everyAddress.has(host) ? (addresses[0] ?? 'localhost') : host
  return `${secure ? 'https' : 'http'}://${isIPv6(name) ? `[${name}]` : name}:${port}`
}

// Enough to copy from: nobody types an IPv6 address that changes every day.
function others(addresses: readonly string[]): string[] {
  return addresses.filter((address) => !isIPv6(address) && !address.startsWith('127.')).slice(0, 2)
}
