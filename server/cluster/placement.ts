import type { Client, Place, Placement, RedirectReason } from '#control/http/overflow.ts'
import type { NodeRecord } from '#control/node-record.ts'
import { hasRoom } from '#control/topology/load.ts'
import { placePublisher, placeViewer } from '#control/topology/placement.ts'
import { sameOrNot } from '#control/topology/regions.ts'
import { ViewerSpread } from '#control/topology/spread.ts'
import type { Clock } from '#core/clock.ts'
import { streamKey } from '#core/stream-name.ts'
import type { Cluster } from './cluster.ts'
import type { Refuges } from './drain.ts'
import type { NodeAnswer } from './node-answers.ts'

/** Who is sent to a stream's origin and is back within this time, in ms, did not find it. */
const returnWindow = 10_000
/** Streams remembered for that. */
const mostRemembered = 1000
/** Nodes that are asked in vain before a publisher is sent on all the same, or taken. */
const mostAsked = 3

interface Choice {
  readonly reason: RedirectReason
  /** Undefined where nobody takes the client. */
  readonly node: NodeRecord | undefined
}

export interface ClusterPlacementOptions {
  readonly cluster: Pick<Cluster, 'node' | 'record' | 'view'>
  readonly clock: Clock
  /** Whether that node can be reached now. */
  answers(node: NodeRecord): Promise<NodeAnswer>
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

  /** A publisher is sent to nobody who does not answer: it might give up before that is known. */
  async place(client: Client, refused: boolean): Promise<Place | undefined> {
    const except = new Set([this.#options.cluster.node])
    let choice = this.#choose(client, refused, except)
    let silent: Choice | undefined
    for (let asked = 0; client.kind === 'whip' && choice?.node && asked < mostAsked; asked++) {
      const answer = await this.#options.answers(choice.node)
      if (answer === 'answers') break
      if (answer === 'silent') silent ??= choice
      except.add(choice.node.id)
      choice = this.#choose(client, refused, except)
    }
    // Where nobody else would have it, one that may only be far away is better than a refusal.
    if (choice && !choice.node) choice = silent ?? choice
    return choice && { reason: choice.reason, origin: choice.node?.origin }
  }

  redirected(reason: RedirectReason): void {
    this.#options.redirected(reason)
  }

  /** Where the viewers of this node shall go when it drains. */
  refuges(): Refuges {
    const { view, node } = this.#options.cluster
    const { region } = this.#options.cluster.record()
    const spread = new ViewerSpread(view, { region, except: new Set([node]) })
    const originOf = (id: string | undefined) => view.nodes.get(id ?? '')?.origin
    return { deal: (streams) => spread.deal(streams).map(originOf) }
  }

  #choose(client: Client, refused: boolean, except: ReadonlySet<string>): Choice | undefined {
    const self = this.#options.cluster.record()
    const role = client.kind === 'whip' ? 'ingest' : 'edge'
    const another = (reason: RedirectReason) => this.#another(client, reason, except)
    if (!self.roles.includes(role)) return another('role')
    if (self.draining) return another('draining')
    if (refused) return another('full')
    if (!hasRoom(self, 'session')) {
      const choice = another('full')
      if (choice.node) return choice
    }
    return client.kind === 'whip' ? this.#atOrigin(client, except) : this.#nearer(client)
  }

  #another(
    { kind, name, region }: Client,
    reason: RedirectReason,
    except: ReadonlySet<string>,
  ): Choice {
    const { cluster } = this.#options
    const place = kind === 'whip' ? placePublisher : placeViewer
    const here = region ?? cluster.record().region
    const id = place(cluster.view, { region: here, stream: streamKey(name), except })
    return { reason, node: cluster.view.nodes.get(id ?? '') }
  }

  #atOrigin({ name }: Client, except: ReadonlySet<string>): Choice | undefined {
    const { cluster, clock } = this.#options
    const { view } = cluster
    const stream = streamKey(name)
    const present = view.streams.get(stream)?.origin
    if (present === undefined || except.has(present)) return undefined
    // Not where there is no such node any more, or where it has no room.
    const id = placePublisher(view, { region: cluster.record().region, stream })
    const node = id === present ? view.nodes.get(present) : undefined
    if (!node || this.#isBack(stream, clock.now())) return undefined
    return { reason: 'origin', node }
  }

  #nearer({ name, region }: Client): Choice | undefined {
    const { view } = this.#options.cluster
    const own = this.#options.cluster.record().region
    if (region === undefined || region === own) return undefined
    const id = placeViewer(view, { region, stream: streamKey(name) })
    const node = id === undefined ? undefined : view.nodes.get(id)
    if (!node || sameOrNot(region, node.region) >= sameOrNot(region, own)) return undefined
    return { reason: 'region', node }
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
