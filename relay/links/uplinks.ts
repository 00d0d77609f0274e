import type { NodeRecord } from '#control/node-record.ts'
import type { PeerId } from '#native/media-plane.ts'
import type { LinkEnd, LinksOptions } from './links-options.ts'
import { Uplink } from './uplink.ts'

/** How long a link stays open that nothing comes by, in ms. */
const idleTime = 60_000
/**
 * Before a node is called again that ended its link or could not be reached, in ms: doubled with
 * each time, up to the longest; and one that an operator must mend first. Not long, since only
 * nodes that the registry shows are called: the region that a node is cut off from may be back, and
 * viewers wait for nothing but this.
 */
const shortestRetry = 500
const longestRetry = 2_000
const mendedAfter = 60_000
/** Reasons for which a link is refused, that do not pass by themselves. */
export const needsMending: ReadonlySet<LinkEnd['reason']> = new Set<LinkEnd['reason']>([
  'wrong-token',
  'version',
])
/** Connections that are kept open to nodes that may soon be asked for something. */
const mostPrepared = 8

export interface UplinksOptions
  extends Pick<
    LinksOptions,
    | 'node'
    | 'registry'
    | 'tokens'
    | 'plane'
    | 'peers'
    | 'clock'
    | 'scheduler'
    | 'dialer'
    | 'observer'
  > {
  /** A link can be used from now on. */
  opened(): void
}

/** Of one process of a node: who mends it begins it anew. */
interface Failure {
  readonly incarnation: number
  readonly times: number
  readonly until: number
}

/** The links to nodes above this one: one for each, whatever is asked for by it. */
export class Uplinks {
  readonly #options: UplinksOptions
  readonly #byNode = new Map<string, Uplink>()
  readonly #byPeer = new Map<PeerId, Uplink>()
  readonly #failures = new Map<string, Failure>()
  readonly #usedAt = new Map<Uplink, number>()

  constructor(options: UplinksOptions) {
    this.#options = options
  }

  /** Open, or about to be. */
  get size(): number {
    return this.#byNode.size
  }

  byPeer(peer: PeerId): Uplink | undefined {
    return this.#byPeer.get(peer)
  }

  /** @returns the link, open or about to be; undefined where there is no trying now */
  to(node: string): Uplink | undefined {
    const { registry, clock } = this.#options
    const now = clock.now()
    const known = this.#byNode.get(node)
    if (known) {
      this.#usedAt.set(known, now)
      return known
    }
    const parent = registry.view.nodes.get(node)
    if (!parent) return undefined
    const failure = this.#failures.get(node)
    const isTooSoon = failure?.incarnation === parent.incarnation && now < failure.until
    return isTooSoon ? undefined : this.#open(parent, now)
  }

  /** Opens what may soon be needed, and closes what has not been for long. */
  upkeep(now: number): void {
    for (const node of this.#likely()) this.to(node)
    for (const [node, { until }] of this.#failures) {
      if (now - until > idleTime) this.#failures.delete(node)
    }
    for (const [uplink, usedAt] of this.#usedAt) {
      if (uplink.subscriptions > 0) this.#usedAt.set(uplink, now)
      else if (now - usedAt > idleTime) uplink.close()
    }
  }

  close(): void {
    for (const uplink of [...this.#byNode.values()]) uplink.close()
  }

  // A control connection costs three round trips, which the first viewer of a stream would wait for:
  // edges keep those to the relays of their region, relays those to the ingests.
  #likely(): string[] {
    const { node, registry } = this.#options
    const self = node()
    const isRelay = self.roles.includes('relay')
    if (!isRelay && !self.roles.includes('edge')) return []
    const likely = (other: NodeRecord) =>
      other.id !== self.id &&
      !other.draining &&
      (isRelay
        ? other.roles.includes('ingest')
        : other.region === self.region && other.roles.includes('relay'))
    return Array.from(registry.view.nodes.values())
      .filter(likely)
      .slice(0, mostPrepared)
      .map(({ id }) => id)
  }

  #failed({ id: node, incarnation }: NodeRecord, { reason }: LinkEnd): void {
    const now = this.#options.clock.now()
    const times = (this.#failures.get(node)?.times ?? 0) + 1
    const wait = needsMending.has(reason)
      ? mendedAfter
      : Math.min(shortestRetry * 2 ** (times - 1), longestRetry)
    this.#failures.set(node, { incarnation, times, until: now + wait })
  }

  #open(parent: NodeRecord, now: number): Uplink {
    const { node, tokens, peers, observer, opened } = this.#options
    const { id, incarnation } = node()
    let openedAt = now
    const uplink = new Uplink({
      ...this.#options,
      node: id,
      incarnation,
      parent,
      peer: peers.reserveId(),
      verify: (token, answered) => tokens.verify(token, answered),
      opened: (version) => {
        openedAt = this.#options.clock.now()
        this.#failures.delete(parent.id)
        observer.opened('parent', parent.id, version)
        opened()
      },
      ended: (ended, end) => {
        this.#byNode.delete(parent.id)
        this.#byPeer.delete(ended.peerId)
        this.#usedAt.delete(ended)
        // To have used up all keys takes long, and there are others at once.
        const lasted = this.#options.clock.now() - openedAt
        if (end.reason !== 'exhausted' || lasted < longestRetry) this.#failed(parent, end)
        observer.ended('parent', parent.id, end)
      },
    })
    this.#byNode.set(parent.id, uplink)
    this.#byPeer.set(uplink.peerId, uplink)
    this.#usedAt.set(uplink, now)
    return uplink
  }
}
