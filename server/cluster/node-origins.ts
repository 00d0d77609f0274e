import { networkInterfaces } from 'node:os'
import type { Config } from '#server/config.ts'
import { localAddresses } from '#server/local-addresses.ts'
import { outsideOrigin } from '#server/origins.ts'
import type { NodeOrigins } from './cluster.ts'

/** Where a node that listens is reached, as configured or by what its machine has. */
export function nodeOrigins(
  { HTTP_HOST: host, NODE_URL, PUBLIC_URL }: Config,
  listening: { readonly secure: boolean; readonly port: number },
): NodeOrigins {
  const addresses = localAddresses(networkInterfaces())
  const nodeOrigin = NODE_URL ?? outsideOrigin({ ...listening, host, addresses })
  return { origin: PUBLIC_URL ?? nodeOrigin, nodeOrigin }
}
