import type { Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { SessionTrail } from '#control/audit/session-trail.ts'
import { publishRateLimit, RateLimiter } from '#control/rate-limiter.ts'
import { Revocations } from '#control/revocations.ts'
import { SessionTable } from '#control/sessions.ts'
import { SessionExtensions } from '#edge/session-extensions.ts'
import { ViewerSessions } from '#edge/viewer-sessions.ts'
import { PublisherSessions } from '#ingest/publisher-sessions.ts'
import type { Sending } from '#native/open-plane.ts'
import { Dispatcher } from '#relay/dispatcher.ts'
import { Streams } from '#relay/streams.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { Peers } from '#webrtc/peers.ts'
import { createPermissions } from './access.ts'
import { mediaCandidates } from './candidates.ts'
import { Claims } from './cluster/claims.ts'
import { Cluster } from './cluster/cluster.ts'
import { ClusterMetrics } from './cluster/cluster-metrics.ts'
import { Drain } from './cluster/drain.ts'
import { nodeAnswers } from './cluster/node-answers.ts'
import { nodeOrigins } from './cluster/node-origins.ts'
import { connectSources, offeredEdges } from './cluster/offered-edges.ts'
import { ClusterPlacement } from './cluster/placement.ts'
import type { Config } from './config.ts'
import { everySecond } from './every-second.ts'
import { createHttpApp } from './http-app.ts'
import { iceServices } from './ice-services.ts'
import { openKept } from './keeping.ts'
import { openLinks } from './links/open-links.ts'
import { closeHttp, listenHttp, listenMedia, listenMetrics, portOf } from './listening.ts'
import { Metrics } from './metrics.ts'
import { metricsSnapshot, roundTripsOf } from './metrics-snapshot.ts'
import { startRecord, stopRecord } from './node-record.ts'
import { observePublishers, observeViewers } from './observers.ts'
import type { PublishKeys } from './publish-key.ts'
import { openRecorder } from './recorder/open-recorder.ts'
import { registerRoutes } from './routes.ts'
import { sessionLimit } from './session-limit.ts'
import { soon } from './soon.ts'
import { systemClock } from './system-clock.ts'
import { Timers } from './timers.ts'
import type { TlsFiles } from './tls.ts'

/** What a node is started with, besides its settings. */
export interface NodeOptions {
  readonly config: Config
  readonly keys: PublishKeys
  readonly tls: TlsFiles | undefined
  readonly log: Logger
}

/** A running node. */
export interface Node {
  readonly httpPort: number
  readonly mediaPort: number
  readonly metricsPort: number
  /** How media is sent. */
  readonly sending: Sending
  /**
   * Tells every peer and stops listening.
   *
   * @param hurry aborted when clients are waited for no longer
   */
  close(hurry?: AbortSignal): Promise<void>
}

/**
 * How long a stopping node goes on sending clients elsewhere, in ms: OBS comes back 2 s after it
 * was told (IO-26).
 */
const drainTime = 2500

/**
 * Starts all roles in this process: the one place that knows both sides of every seam.
 *
 * @throws Error that names the setting to change when a port or address cannot be had
 */
export async function startNode({ config, keys, tls, log }: NodeOptions): Promise<Node> {
  const clock = systemClock
  const scheduler = new Timers(clock)
  const dispatcher = new Dispatcher(clock)
  const streams = new Streams()
  const kept = await openKept(config, { clock, log })
  const { store, audit } = kept
  const trail = new SessionTrail({ audit, clock, addresses: config.AUDIT_ADDRESS })
  const revocations = new Revocations(store, clock)
  const authority = createPermissions({
    config,
    keys,
    clock,
    log,
    revocations,
    refused: (refusal) => trail.refused(refusal),
  })
  const sessions = new SessionTable({
    ended: (id, reason) => trail.ended(id, reason),
    holder: (token) => authority.holder(token),
  })
  revocations.listen(soon(() => sessions.endWhere((principal) => revocations.revokes(principal))))
  const opened = await listenMedia(config, dispatcher, log)
  const { plane, sending } = opened
  const metrics = new Metrics(() => ({
    ...metricsSnapshot(streams, opened),
    records: audit.statistics,
  }))
  const peers = new Peers({
    plane,
    certificate: createCertificate(clock.wall()),
    candidates: await mediaCandidates(
      config.PUBLIC_ADDRESS,
      plane.addresses,
      config.MEDIA_TCP === 'on',
    ),
    scheduler,
    clock,
  })
  dispatcher.connect(peers)

  const cluster = new Cluster({
    config,
    clock,
    scheduler,
    log,
    load: () => ({
      sessions: publishers.size + viewers.size,
      sessionLimit: sessionLimit(config),
      children: links?.children ?? 0,
    }),
  })
  try {
    await cluster.checkName()
  } catch (error) {
    await Promise.all([cluster.leave(), plane.close(), kept.close()])
    throw error
  }
  const claims = new Claims({
    node: cluster.node,
    registry: cluster.registry,
    log,
    lost: (name) => publishers.giveUp(name),
  })
  const clusterMetrics = new ClusterMetrics(metrics.registry, {
    nodes: () => cluster.view.nodes.size,
    registryConnected: () => cluster.registry.connected,
    claimsLost: () => claims.lost,
    roundTrips: () => roundTripsOf(streams),
  })
  const placement = new ClusterPlacement({
    cluster,
    clock,
    answers: nodeAnswers,
    redirected: (reason) => clusterMetrics.redirected(reason),
  })
  const recorder = openRecorder({ config, clock, scheduler, streams, log })
  const shared = { peers, plane, streams, sessions, dispatcher, clock, relayObserver: metrics }
  const publishers = new PublisherSessions({
    ...shared,
    scheduler,
    observer: observePublishers({
      log,
      metrics,
      claims,
      publishing: (name) => {
        links?.publishedHere(name)
        recorder?.published(name)
      },
    }),
    maxPublishers: config.MAX_PUBLISHERS,
    ownerElsewhere: (name) => claims.ownerElsewhere(name),
  })
  const extensions = new SessionExtensions(scheduler, clock)
  const viewers = new ViewerSessions({
    ...shared,
    extensions,
    scheduler,
    observer: observeViewers(log, metrics),
    maxViewers: config.MAX_VIEWERS,
    remote: { join: (name) => links?.join(name) },
  })
  scheduler.add(
    everySecond((now) => {
      for (const stream of streams.expire(now, config.GRACE_MS)) {
        claims.expired(stream.name)
        viewers.endStream(stream)
        recorder?.recordings.end(stream.name)
      }
      claims.look()
      sessions.expire(clock.wall())
    }),
  )

  const drain = new Drain({
    cluster,
    events: extensions.events,
    refuges: () => (cluster.isShared ? placement.refuges() : undefined),
    remaining: () => viewers.size,
    publishing: () => publishers.size,
    links: () => links,
    within: config.DRAIN_MS,
    publishersWithin: config.DRAIN_PUBLISHERS_MS,
    clock,
    scheduler,
  })
  let closing = false
  const limiter = new RateLimiter()
  const services = {
    authority,
    clock,
    limiter,
    ...iceServices(config),
    publishLimiter: new RateLimiter(publishRateLimit, 'with this key'),
    regionHeader: config.REGION_HEADER?.toLowerCase(),
    overflow: {
      target: config.OVERFLOW_URL,
      draining: () => cluster.draining,
      placement: cluster.isShared ? placement : undefined,
    },
  }
  const app = createHttpApp({
    origins: '*',
    loggerInstance: log,
    ...(config.TRUST_PROXY.length > 0 && { trustProxy: [...config.TRUST_PROXY] }),
    ...(tls && { tls }),
  })
  await registerRoutes(app, {
    ...services,
    publishers,
    viewers,
    sessions,
    extensions,
    streams,
    plane,
    revocations,
    audit,
    trail,
    edges: () => offeredEdges(cluster),
    recordings: recorder?.recordings,
    connectSources: () => connectSources(cluster, config.OVERFLOW_URL),
    drain: {
      get state() {
        if (closing) return 'stopping'
        return cluster.draining ? 'draining' : 'serving'
      },
      get sessions() {
        return publishers.size + viewers.size
      },
      begin: () => drain.begin(),
      cancel: () => drain.cancel(),
    },
    unreadiness: () => {
      if (closing) return 'shutting down'
      return cluster.draining ? 'draining' : audit.trouble && 'the audit log fails'
    },
  })

  const links = openLinks({
    ...shared,
    cluster,
    scheduler,
    log,
    registry: metrics.registry,
    server: app.server,
  })
  let metricsServer: Server | undefined
  const close = async (hurry?: AbortSignal) => {
    closing = true
    // Whoever reads events comes back by itself: to the node named, or to this endpoint, which may
    // send it elsewhere.
    drain.begin()
    if (metricsServer) await drain.done(hurry)
    const comeBack = config.OVERFLOW_URL !== undefined || (cluster.hasOthers && peers.size > 0)
    peers.closeAll('shutdown')
    // Those who were told come back to be sent elsewhere.
    if (comeBack && metricsServer) await pause(drainTime)
    recorder?.recordings.close()
    scheduler.close()
    metricsServer?.close()
    metricsServer?.closeAllConnections()
    links?.close()
    await closeHttp(app)
    claims.close()
    await cluster.leave()
    await plane.close()
    audit.note(stopRecord())
    await kept.close()
  }
  try {
    const httpPort = await listenHttp(app, config)
    cluster.start(nodeOrigins(config, { secure: tls !== undefined, port: httpPort }))
    metricsServer = await listenMetrics(metrics, config)
    audit.note(startRecord(config))
    const mediaPort = plane.addresses[0]!.port
    return { httpPort, mediaPort, metricsPort: portOf(metricsServer), sending, close }
  } catch (error) {
    await close()
    throw error
  }
}
