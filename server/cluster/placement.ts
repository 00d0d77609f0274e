import type { Client, Place, Placement, RedirectReason } from '#control/http/overflow.ts'
import type { ClusterView } from '#control/registry.ts'
import { hasRoom } from '#control/topology/load.ts'
import { placePublisher, placeViewer } from '#control/topology/placement.ts'
import { sameOrNot } from '#control/topology/regions.ts'
import { ViewerSpread } from '#control/topology/spread.ts'
import type { Clock } from '#core/clock.ts'
import { streamKey } from '#core/stream-name.ts'
import type { Cluster } from './cluster.ts'
import type { Refuges } from './drain.ts'

/** Who is sent to a stream's origin and is back within this time, in ms, did not find it. */
const returnWindow = 10_000
/** Streams remembered for that. */
const mostRemembered = 1000

export interface ClusterPlacementOptions {
  readonly cluster: Pick<Cluster, 'node' | 'record' | 'view'>
  readonly clock: Clock
  redirected(reason: RedirectReason): void
}

/** Which node of the cluster shall have a client, by role, drain, room, stream and region. */
export class ClusterPlacement implements Placement {
  readonly #options: ClusterPlacementOptions
  /** Monotonic ms at which the publisher of a stream was last sent to its origin. */
  readonly #sentToOrigin = new Map<string, number>()

  constructor(options: ClusterPlacementOptions) {
    this.#options = options
  }

  place(client: Client, refused: boolean): Place | undefined {
    const self = this.#options.cluster.record()
    const role = client.kind === 'whip' ? 'ingest' : 'edge'
    if (!self.roles.includes(role)) return this.#another(client, 'role')
    if (self.draining) return this.#another(client, 'draining')
    if (refused) return this.#another(client, 'full')
    if (!hasRoom(self, 'session')) {
      const place = this.#another(client, 'full')
      if (place.origin !== undefined) return place
    }
    return client.kind === 'whip' ? this.#atOrigin(client) : this.#nearer(client)
  }

  redirected(reason: RedirectReason): void {
    this.#options.redirected(reason)
  }

  /** Where the viewers of this node shall go when it drains. */
  refuges(): Refuges {
    const { view, node } = this.#options.cluster
    const { region } = this.#options.cluster.record()
    const spread = new ViewerSpread(view, { region, except: new Set([node]) })
    return { deal: (streams) => spread.deal(streams).map((id) => originOf(view, id)) }
  }

  #another({ kind, name, region }: Client, reason: RedirectReason): Place {
    const { cluster } = this.#options
    const { view, node } = cluster
    const place = kind === 'whip' ? placePublisher : placeViewer
    const id = place(view, {
      region: region ?? cluster.record().region,
      stream: streamKey(name),
      except: new Set([node]),
    })
    return { reason, origin: originOf(view, id) }
  }

  #atOrigin({ name }: Client): Place | undefined {
    const { cluster, clock } = this.#options
    const { view, node } = cluster
    const stream = streamKey(name)
    const present = view.streams.get(stream)?.origin
    if (present === undefined || present === node) return undefined
    // Not where there is no such node any more, or where it has no room.
    const id = placePublisher(view, { region: cluster.record().region, stream })
    const origin = id === present ? originOf(view, id) : undefined
    if (origin === undefined || this.#isBack(stream, clock.now())) return undefined
    return { reason: 'origin', origin }
  }

  #nearer({ name, region }: Client): Place | undefined {
    const { view } = this.#options.cluster
    const own = this.#options.cluster.record().region
    if (region === undefined || region === own) return undefined
    const id = placeViewer(view, { region, stream: streamKey(name) })
    const node = id === undefined ? undefined : view.nodes.get(id)
    if (!node || sameOrNot(region, node.region) >= sameOrNot(region, own)) return undefined
    return { reason: 'region', origin: node.origin }
  }

  #isBack(stream: string, now: number): boolean {
    const sentAt = this.#sentToOrigin.get(stream)
    const isBack = sentAt !== undefined && now - sentAt < returnWindow
    this.#sentToOrigin.delete(stream)
    if (isBack) return true
    this.#sentToOrigin.set(stream, now)
    for (const oldest of this.#sentToOrigin.keys()) {
      if (this.#sentToOrigin.size <= mostRemembered) break
      this.#sentToOrigin.delete(oldest)
    }
    return false
  }
}

function originOf(view: ClusterView, id: string | undefined): string | undefined {
  return id === undefined ? undefined : view.nodes.get(id)?.origin
}
