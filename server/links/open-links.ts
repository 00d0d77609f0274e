import type { Server } from 'node:http'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '#core/clock.ts'
import { isLoopbackAddress } from '#core/loopback.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import type { Dispatcher } from '#relay/dispatcher.ts'
import { Links } from '#relay/links/links.ts'
import type { Streams } from '#relay/streams.ts'
import type { Cluster } from '#server/cluster/cluster.ts'
import type { Timers } from '#server/timers.ts'
import type { Peers } from '#webrtc/peers.ts'
import { SocketDialer } from './dialer.ts'
import { LinkMetrics } from './link-metrics.ts'
import { serveLinks } from './link-server.ts'
import { observeLinks } from './links-observer.ts'

/** Addresses of the media port that a child is told of. */
const mostAddresses = 8

export interface OpenLinksOptions {
  readonly cluster: Cluster
  readonly plane: MediaPlane
  readonly peers: Peers
  readonly streams: Streams
  readonly dispatcher: Dispatcher
  readonly scheduler: Timers
  readonly clock: Clock
  readonly log: Logger
  /** Of metrics. */
  readonly registry: Registry
  /** Where children call. */
  readonly server: Server
}

/**
 * Joins the tree: streams of other nodes can come here from now on, and theirs from here.
 *
 * @returns undefined for a node without a cluster
 */
export function openLinks(options: OpenLinksOptions): Links | undefined {
  const { cluster, plane, dispatcher, log, server } = options
  const { tokens } = cluster
  if (!tokens || !cluster.isShared) return undefined
  const metrics: LinkMetrics = new LinkMetrics(options.registry, () => links)
  const links: Links = new Links({
    ...options,
    node: () => cluster.record(),
    registry: cluster.registry,
    tokens,
    dialer: new SocketDialer(tokens),
    media: (child) => addressesFor(child, plane),
    observer: observeLinks(log, metrics),
  })
  dispatcher.connectLinks(links)
  serveLinks(server, { ...options, links, tokens })
  return links
}

/** Loopback is of use on this machine alone, and there it comes last: it has no loss to show. */
function addressesFor(child: string, { addresses }: MediaPlane) {
  const outside = addresses.filter(({ address }) => !isLoopbackAddress(address))
  const inside = addresses.filter(({ address }) => isLoopbackAddress(address))
  const reachable = isLoopbackAddress(child) ? [...outside, ...inside] : outside
  return reachable.slice(0, mostAddresses)
}
