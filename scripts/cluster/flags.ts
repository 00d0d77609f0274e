import { isIP } from 'node:net'
import { parseArgs } from 'node:util'

/** What the command line of `npm run cluster` says. */
export interface ClusterFlags {
  /** Absent: the first of some that are free. */
  readonly basePort?: number
  readonly address: string
  /** Keep what nodes store, and the keys, for the next time. */
  readonly keep: boolean
  readonly omit: readonly string[]
  readonly help: boolean
}

export const clusterHelp = `A small cluster on this machine: 2 ingests, 2 relays, 3 edges in 2 regions.

  npm run cluster -- [flags]

  --base-port N      first port; 80 from there on are used (the first free of 8100, 8200 …)
  --address A        listen on this address and announce it, for other machines (127.0.0.1)
  --keep             keep data and keys in data/cluster (a temporary folder)
  --omit NAME,NAME   leave out these settings, for a server that does not know them
  --help             show this

TAILRACE_… variables go to every node, where the cluster does not set them itself: see
docs/cluster.md.
`

/** The last base from which all ports are below 65536. */
const highestBase = 65_400

/** @throws Error in words for the user, for what is no flag or no value of it */
export function parseClusterFlags(args: readonly string[]): ClusterFlags {
  const options = {
    'base-port': { type: 'string' },
    address: { type: 'string', default: '127.0.0.1' },
    keep: { type: 'boolean', default: false },
    omit: { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options, strict: true })
  const { 'base-port': given, omit, ...rest } = values
  const basePort = Number(given)
  if (given !== undefined && !(/^\d+$/.test(given) && basePort >= 1 && basePort <= highestBase)) {
    throw new Error(`--base-port takes a number from 1 to ${highestBase}, not "${given}"`)
  }
  if (isIP(rest.address) === 0 || ['0.0.0.0', '::'].includes(rest.address)) {
    throw new Error(`--address takes an address that others can reach, not "${rest.address}"`)
  }
  return {
    ...rest,
    omit: omit.split(',').filter((name) => name !== ''),
    ...(given !== undefined && { basePort }),
  }
}
