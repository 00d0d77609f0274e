import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { until } from '#test/native/until.ts'
import { launchChromium } from './chromium.ts'
import { clusterSettings, clusterUnavailable, notLive, type Role } from './cluster-settings.ts'
import { type Media, makeMedia } from './ffmpeg-media.ts'
import { LibdatachannelPublisher } from './libdatachannel-publisher.ts'
import { releaseFlags } from './link-release.ts'
import { MediaPage, type Viewing, type ViewOptions } from './media-page.ts'
import { netnsUnavailable } from './netns.ts'
import { RedisProcess } from './redis-process.ts'
import { RoutedNetwork } from './routed-network.ts'
import { ServerProcess } from './server-process.ts'

/** Regions of the cluster, their nodes, and the roles of each. */
const nodes = {
  a: { 'ingest-1': ['ingest'], 'ingest-2': ['ingest'], 'relay-1': ['relay'], 'edge-1': ['edge'] },
  b: { 'relay-2': ['relay'], 'edge-2': ['edge'], 'edge-3': ['edge'] },
} as const

type Region = keyof typeof nodes
export type NodeId = { [R in Region]: keyof (typeof nodes)[R] }[Region]

/** Everybody else: Redis in neither region, a publisher in the first, browsers in both. */
const others = {
  middle: ['registry'],
  a: ['publisher', 'viewers-a'],
  b: ['viewers-b'],
} as const

/** The same on every host, which has them for itself. */
const ports = { TAILRACE_HTTP_PORT: '8080', TAILRACE_MEDIA_PORT: '5000' }

export type ViewersHost = 'viewers-a' | 'viewers-b'

export type JoinWish = Omit<ViewOptions, 'url'> & { readonly stream: string }

interface Viewers {
  readonly browser: Browser
  readonly page: MediaPage
}

export interface ClusterNetworkOptions {
  /** Which nodes are started; all of them without. */
  readonly nodes?: readonly NodeId[]
  /** What is published; a small picture without, since two cores run everything. */
  readonly media?: Media
  /** More roles of nodes than they have by themselves. */
  readonly roles?: Partial<Record<NodeId, readonly Role[]>>
  /** Cables in place of lines whose conditions can be set. */
  readonly cables?: boolean
  /** More settings of every node, with the prefix `TAILRACE_`. */
  readonly env?: Record<string, string>
  /** Version of the protocol between nodes that their first processes have; ours without. */
  readonly release?: number
  /** Gets every line of their logs. */
  readonly onLine?: (id: NodeId, line: string) => void
}

/** Why there can be no such cluster here; `undefined` where there can. */
export function clusterNetworkUnavailable(): string | undefined {
  return clusterUnavailable() ?? netnsUnavailable()
}

/**
 * A cluster whose nodes are hosts of their own, in two regions: a server process, an address and a
 * line each, with Redis, a publisher and browsers on hosts of theirs.
 */
export class ClusterNetwork {
  readonly network: RoutedNetwork
  readonly redis: RedisProcess
  readonly media: Media
  readonly #options: ClusterNetworkOptions
  readonly #nodes = new Map<NodeId, ServerProcess>()
  readonly #viewers = new Map<ViewersHost, Promise<Viewers>>()
  readonly #publishers = new Set<LibdatachannelPublisher>()

  private constructor(
    parts: Pick<ClusterNetwork, 'network' | 'redis' | 'media'>,
    options: ClusterNetworkOptions,
  ) {
    this.network = parts.network
    this.redis = parts.redis
    this.media = parts.media
    this.#options = options
  }

  static async open(options: ClusterNetworkOptions = {}): Promise<ClusterNetwork> {
    const small = { width: 640, height: 360, kilobitsPerSecond: 800 }
    const media = options.media ?? (await makeMedia(small))
    await using opened = new AsyncDisposableStack()
    const hosts = {
      middle: others.middle,
      a: [...others.a, ...Object.keys(nodes.a)],
      b: [...others.b, ...Object.keys(nodes.b)],
    }
    const network = await RoutedNetwork.make(hosts, { cables: options.cables ?? false })
    opened.defer(() => network.close())
    const redis = await RedisProcess.start(network.end('registry'))
    opened.defer(() => redis.close())
    const cluster = new ClusterNetwork({ network, redis, media }, options)
    opened.defer(() => cluster.#stopAll())
    const all = Object.values(nodes).flatMap((ids) => Object.keys(ids) as NodeId[])
    await Promise.all((options.nodes ?? all).map((id) => cluster.start(id)))
    opened.move()
    return cluster
  }

  /** Starts a node, for the first time or again. @param release as in the options */
  async start(id: NodeId, release = this.#options.release): Promise<ServerProcess> {
    const [region, roles] = placeOf(id)
    const { onLine } = this.#options
    const node = await ServerProcess.start({
      end: this.network.end(id),
      nodeFlags: release === undefined ? [] : releaseFlags(release),
      onLine: (line) => onLine?.(id, line),
      env: {
        ...clusterSettings({
          id,
          roles: [...roles, ...(this.#options.roles?.[id] ?? [])],
          redis: this.redis.url,
        }),
        ...ports,
        TAILRACE_REGION: region,
        ...this.#options.env,
      },
    })
    this.#nodes.set(id, node)
    return node
  }

  /** Whether it was started. */
  has(id: NodeId): boolean {
    return this.#nodes.has(id)
  }

  /** @throws Error for one that was never started */
  node(id: NodeId): ServerProcess {
    const node = this.#nodes.get(id)
    if (!node) throw new Error(`${id} was not started`)
    return node
  }

  /** Ends its process with no time for a word, as a power cut does. */
  kill(id: NodeId): void {
    process.kill(this.node(id).pid, 'SIGKILL')
  }

  /** OBS's library publishes at that node; done when packets leave. */
  async obs(id: NodeId, stream: string): Promise<LibdatachannelPublisher> {
    const node = this.node(id)
    const options = { url: node.whip(stream), key: node.key, media: this.media }
    const { namespace } = this.network.end('publisher')
    const publisher = await LibdatachannelPublisher.start(options, namespace)
    this.#publishers.add(publisher)
    return publisher
  }

  /** Joins at that node. @throws Error with the status where it refuses */
  async join(host: ViewersHost, id: NodeId, wish: JoinWish): Promise<Viewing> {
    const page = await this.page(host)
    const { stream, ...options } = wish
    const url = this.node(id).whep(stream)
    return await page.view({ url, clock: this.media.clock, ...options })
  }

  /** As `join`, as soon as the node knows that the stream is published. */
  async view(host: ViewersHost, id: NodeId, wish: JoinWish): Promise<Viewing> {
    let viewing: Viewing | undefined
    await until(async () => {
      viewing = await this.join(host, id, wish).catch(notLive)
      // It is the node that waits, for news of the registry.
      if (!viewing) await delay(50)
      return viewing !== undefined
    })
    return viewing!
  }

  /** The page of the browser on that host. */
  async page(host: ViewersHost): Promise<MediaPage> {
    return (await this.#browser(host)).page
  }

  /** The browser on that host. */
  async browser(host: ViewersHost): Promise<Browser> {
    return (await this.#browser(host)).browser
  }

  async close(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.vanish()
    for (const opened of this.#viewers.values()) {
      const { page, browser } = await opened
      await page.close()
      await browser.close()
    }
    await this.#stopAll()
    await this.redis.close()
    await this.network.close()
  }

  #browser(host: ViewersHost): Promise<Viewers> {
    const known = this.#viewers.get(host)
    if (known !== undefined) return known
    const opened = this.#open(host)
    this.#viewers.set(host, opened)
    return opened
  }

  async #open(host: ViewersHost): Promise<Viewers> {
    const { namespace } = this.network.end(host)
    const browser = await launchChromium({ namespace })
    return { browser, page: await MediaPage.open(browser, { namespace }) }
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()))
  }
}

function placeOf(id: NodeId): [region: string, roles: readonly Role[]] {
  for (const [region, ids] of Object.entries(nodes)) {
    const roles = (ids as Partial<Record<NodeId, readonly Role[]>>)[id]
    if (roles) return [region, roles]
  }
  throw new Error(`${id} is in no region`)
}
