import { setTimeout as pause } from 'node:timers/promises'
import type { RedisRegistry } from '#control/redis/registry.ts'
import type { Clock } from '#core/clock.ts'
import { ConfigError } from '#server/config.ts'

/** How long a start waits for Redis, in ms: without it a node starts all the same. */
const connectWithin = 1_000
/** Longer than the lease of a process that is gone, in ms. */
const leaseOver = 4_000
/** Between two looks, in ms. */
const interval = 100

export interface NamesakeOptions {
  readonly node: string
  readonly incarnation: number
  readonly registry: Pick<RedisRegistry, 'connected' | 'namesake'>
  readonly clock: Clock
}

/**
 * Makes sure that no other process of the cluster goes by this node's id: both would tell the
 * others in turn that what the other has is gone. One that was killed is listed until its lease
 * ends, which is waited for.
 *
 * @throws ConfigError when it does not end
 */
export async function refuseNamesake(options: NamesakeOptions): Promise<void> {
  const { node, incarnation, registry, clock } = options
  const begunAt = clock.now()
  while (!registry.connected && clock.now() - begunAt < connectWithin) await pause(interval)
  for (const askedAt = clock.now(); registry.connected; await pause(interval)) {
    // What Redis does not answer is not known, and no reason to stay away.
    const namesake = await registry.namesake(incarnation).catch(() => undefined)
    if (!namesake) return
    if (clock.now() - askedAt < leaseOver) continue
    throw new ConfigError([
      `TAILRACE_NODE_ID: "${node}" is another node of this cluster already, at ` +
        `${namesake.nodeOrigin}: give this one another name, or stop that one first`,
    ])
  }
}
