import { setTimeout as delay } from 'node:timers/promises'
import type { NodeRecord } from '#control/node-record.ts'
import { RedisRegistry, type RedisRegistryOptions } from '#control/redis/registry.ts'
import { systemClock } from '#server/system-clock.ts'

/** Waits for what comes over a socket, looking every few ms. @throws Error when it does not */
export async function until(condition: () => boolean, ms = 8000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${condition}`)
    await delay(5)
  }
}

export function nodeRecord(id: string): NodeRecord {
  return {
    id,
    incarnation: 1,
    region: 'here',
    roles: ['edge'],
    origin: `https://${id}.example`,
    nodeOrigin: `http://${id}.internal:8080`,
    draining: false,
    protocol: { oldest: 1, newest: 1 },
    load: { sessions: 0, sessionLimit: 100, children: 0, childLimit: 10, busy: 0.5 },
  }
}

let worlds = 0

/** Nodes on one Redis, ten times as fast as in earnest, each with its heartbeat. */
export class RegistryWorld {
  readonly prefix = `spec${++worlds}:`
  readonly errors: Error[] = []
  readonly #url: string
  readonly #registries: RedisRegistry[] = []
  readonly #beats = new Map<RedisRegistry, NodeJS.Timeout>()

  constructor(url: string) {
    this.#url = url
  }

  join(node: string, options: Partial<RedisRegistryOptions> = {}): RedisRegistry {
    const registry = new RedisRegistry({
      node,
      url: this.#url,
      prefix: this.prefix,
      clock: systemClock,
      random: Math.random,
      failed: (error) => this.errors.push(error),
      lease: 600,
      roundInterval: 250,
      settleTime: 1500,
      commandTimeout: 500,
      longestBackoff: 200,
      ...options,
    })
    this.#registries.push(registry)
    registry.announce(nodeRecord(node))
    this.#beats.set(
      registry,
      setInterval(() => registry.announce(nodeRecord(node)), 100),
    )
    return registry
  }

  /** The node stops, as a process that is killed does. */
  silence(registry: RedisRegistry): void {
    clearInterval(this.#beats.get(registry))
    registry.close()
  }

  close(): void {
    for (const registry of this.#registries) this.silence(registry)
  }
}
