import { chromiumUnavailable } from './chromium.ts'
import { redisUnavailable } from './redis-process.ts'

export type Role = 'ingest' | 'relay' | 'edge'

const secret = 'the-secret-that-the-nodes-of-this-cluster-share'

/** Why there can be no cluster here; `undefined` where there can. */
export function clusterUnavailable(): string | undefined {
  return chromiumUnavailable() ?? redisUnavailable()
}

/** What makes a server one of a cluster, with the prefix `TAILRACE_`. */
export function clusterSettings(node: {
  readonly id: string
  readonly roles: readonly Role[]
  readonly redis: string
}): Record<string, string> {
  return {
    TAILRACE_NODE_ID: node.id,
    TAILRACE_ROLES: node.roles.join(','),
    TAILRACE_REDIS_URL: node.redis,
    TAILRACE_CLUSTER_SECRET: secret,
  }
}

/** A refusal that ends by itself. @throws any other error */
export function notLive(error: Error): undefined {
  if (!error.message.includes('409')) throw error
}
