import { availableParallelism, hostname } from 'node:os'
import type { Logger } from 'pino'
import { MemoryRegistry } from '#control/memory-registry.ts'
import { spokenVersions } from '#control/messages.ts'
import type { NodeLoad, NodeRecord } from '#control/node-record.ts'
import { NodeTokens } from '#control/node-token.ts'
import { RedisRegistry } from '#control/redis/registry.ts'
import type { ClusterView, Registry } from '#control/registry.ts'
import type { Clock } from '#core/clock.ts'
import type { Config } from '#server/config.ts'
import { everySecond } from '#server/every-second.ts'
import type { Timers } from '#server/timers.ts'
import { Busyness } from './busyness.ts'
import { refuseNamesake } from './namesake.ts'
import { nodeName } from './node-name.ts'
import { RegistryLog } from './registry-log.ts'

/** What a node tells of its load; the rest is measured or configured. */
type OwnLoad = Pick<NodeLoad, 'sessions' | 'sessionLimit' | 'children'>

export interface ClusterOptions {
  readonly config: Config
  readonly clock: Clock
  readonly scheduler: Pick<Timers, 'add' | 'remove'>
  readonly log: Logger
  /** Asked once a second from `start` on. */
  load(): OwnLoad
}

/** Where a node is reached: origins. */
export interface NodeOrigins {
  /** By clients. */
  readonly origin: string
  /** By other nodes. */
  readonly nodeOrigin: string
}

/**
 * This node as one of a cluster, which may be of one: who it is, what it knows of the others, and
 * how they prove to each other that they belong together.
 */
export class Cluster {
  /** Id of this node. */
  readonly node: string
  /** Higher than that of any process that had this id before. */
  readonly incarnation: number
  readonly registry: Registry
  /** Absent without a cluster secret. */
  readonly tokens: NodeTokens | undefined
  readonly #options: ClusterOptions
  readonly #busyness: Busyness
  readonly #registryLog: RegistryLog
  readonly #heartbeat = everySecond((now) => this.#beat(now))
  #origins: NodeOrigins | undefined
  #draining = false

  /** Connects to Redis at once, where there is one; the others hear of this node from `start` on. */
  constructor(options: ClusterOptions) {
    const { config, clock, log } = options
    this.#options = options
    this.node = config.NODE_ID ?? nodeName(hostname())
    this.incarnation = Math.ceil(clock.wall())
    this.#busyness = new Busyness({ cpuTime, cores: availableParallelism() }, clock.now())
    this.#registryLog = new RegistryLog(log)
    this.registry = this.#openRegistry()
    this.tokens = this.#createTokens()
  }

  get view(): ClusterView {
    return this.registry.view
  }

  /** Whether there can be other nodes. */
  get isShared(): boolean {
    return this.#options.config.REDIS_URL !== undefined
  }

  /** Whether there are other nodes now, as far as is known. */
  get hasOthers(): boolean {
    return this.isShared && this.view.nodes.size > 1
  }

  /** Whether this node sends clients elsewhere and accepts no new ones. */
  get draining(): boolean {
    return this.#draining
  }

  /** This node as it is now. @throws Error before `start` */
  record(): NodeRecord {
    const { config, load } = this.#options
    if (!this.#origins) throw new Error('a node has no origin before it listens')
    return {
      id: this.node,
      incarnation: this.incarnation,
      region: config.REGION,
      roles: config.ROLES,
      ...this.#origins,
      draining: this.#draining,
      protocol: spokenVersions,
      load: { ...load(), childLimit: config.MAX_CHILDREN, busy: this.#busyness.value },
    }
  }

  /** To be called before `start`. @throws ConfigError where another process has this node's id */
  async checkName(): Promise<void> {
    const { node, incarnation, registry } = this
    if (!(registry instanceof RedisRegistry)) return
    await refuseNamesake({ node, incarnation, registry, clock: this.#options.clock })
  }

  /** Tells the others of this node, from now on and every second. */
  start(origins: NodeOrigins): void {
    this.#origins = origins
    this.#options.scheduler.add(this.#heartbeat)
    this.registry.announce(this.record())
  }

  /** Tells the others to send nobody here any more, or, with `false`, that they may again. */
  drain(draining = true): void {
    this.#draining = draining
    if (this.#origins) this.registry.announce(this.record())
  }

  /** The others hear at once that this node is gone, and all that it published and carried. */
  async leave(): Promise<void> {
    this.#options.scheduler.remove(this.#heartbeat)
    this.#registryLog.close()
    await this.registry.leave()
  }

  #beat(now: number): void {
    this.#busyness.measure(now)
    this.registry.announce(this.record())
    this.#registryLog.look(this.registry)
  }

  #openRegistry(): Registry {
    const { config, clock } = this.#options
    const { node } = this
    if (config.REDIS_URL === undefined) return new MemoryRegistry({ node, clock })
    return new RedisRegistry({
      node,
      url: config.REDIS_URL,
      clock,
      random: Math.random,
      failed: (error) => this.#registryLog.failed(error),
    })
  }

  #createTokens(): NodeTokens | undefined {
    const { config, clock } = this.#options
    const secrets = config.CLUSTER_SECRET
    if (secrets.length === 0) return undefined
    const nodeOrigin = () => this.#origins?.nodeOrigin
    const { node } = this
    return new NodeTokens({
      node,
      // Asked for with each token: the port is known once it is listened to.
      get names() {
        return [node, nodeOrigin()].filter((name) => name !== undefined)
      },
      secrets,
      clock,
    })
  }
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
