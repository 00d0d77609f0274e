import type { Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { publishRateLimit, RateLimiter } from '#control/rate-limiter.ts'
import { SessionTable } from '#control/sessions.ts'
import type { Machine } from '#core/machine.ts'
import { eventRoutes } from '#edge/event-routes.ts'
import { layerRoutes } from '#edge/layer-routes.ts'
import { pageRoutes } from '#edge/pages.ts'
import { SessionExtensions } from '#edge/session-extensions.ts'
import { statusRoutes } from '#edge/status-routes.ts'
import { ViewerSessions } from '#edge/viewer-sessions.ts'
import { whepRoutes } from '#edge/whep-routes.ts'
import { PublisherSessions } from '#ingest/publisher-sessions.ts'
import { whipRoutes } from '#ingest/whip-routes.ts'
import type { Sending } from '#native/open-plane.ts'
import { Dispatcher } from '#relay/dispatcher.ts'
import { streamStatus } from '#relay/status.ts'
import { Streams } from '#relay/streams.ts'
import { viewerStatuses } from '#relay/viewer-status.ts'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import { Peers } from '#webrtc/peers.ts'
import { createPermissions } from './access.ts'
import { mediaCandidates } from './candidates.ts'
import type { Config } from './config.ts'
import { healthRoutes } from './health-routes.ts'
import { createHttpApp } from './http-app.ts'
import { iceHelpers } from './ice-helpers.ts'
import { listenHttp, listenMedia, listenMetrics, portOf } from './listening.ts'
import { Metrics } from './metrics.ts'
import { metricsSnapshot } from './metrics-snapshot.ts'
import { observePublishers, observeViewers } from './observers.ts'
import type { PublishKeys } from './publish-key.ts'
import { sessionRoutes } from './session-routes.ts'
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
  /** Tells every peer and stops listening. */
  close(): Promise<void>
}

/**
 * How long a stopping node goes on sending clients elsewhere, in ms: OBS comes back 2 s after it
 * was told (IO-26).
 */
const drainTime = 2500
/** Between two looks at streams nobody has published for long, and at expired tokens, in ms. */
const expiryInterval = 1000

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
  const sessions = new SessionTable()
  const opened = await listenMedia(config, dispatcher, log)
  const { plane, sending } = opened
  const metrics = new Metrics(() => metricsSnapshot(streams, opened))
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

  const shared = { peers, plane, streams, sessions, dispatcher, clock, relayObserver: metrics }
  const publishers = new PublisherSessions({
    ...shared,
    scheduler,
    observer: observePublishers(log, metrics),
    maxPublishers: config.MAX_PUBLISHERS,
  })
  const extensions = new SessionExtensions(scheduler, clock)
  const viewers = new ViewerSessions({
    ...shared,
    extensions,
    scheduler,
    observer: observeViewers(log, metrics),
    maxViewers: config.MAX_VIEWERS,
  })
  scheduler.add(
    everySecond((now) => {
      for (const stream of streams.expire(now, config.GRACE_MS)) viewers.endStream(stream)
      sessions.expire(clock.wall())
    }),
  )

  const authority = createPermissions({ config, keys, clock, log })
  let closing = false
  const limiter = new RateLimiter()
  const services = {
    authority,
    clock,
    limiter,
    ...iceHelpers(config),
    publishLimiter: new RateLimiter(publishRateLimit, 'with this key'),
    overflow: { target: config.OVERFLOW_URL, draining: () => closing },
  }
  const app = createHttpApp({
    origins: '*',
    loggerInstance: log,
    ...(config.TRUST_PROXY.length > 0 && { trustProxy: [...config.TRUST_PROXY] }),
    ...(tls && { tls }),
  })
  await app.register(whipRoutes, { ...services, publishers })
  await app.register(whepRoutes, { ...services, viewers })
  await app.register(sessionRoutes, { sessions, clock, limiter })
  const access = {
    has: (id: string) => extensions.has(id),
    tokenMatches: (id: string, token: string) => sessions.tokenMatches(id, token),
  }
  const { events } = extensions
  await app.register(eventRoutes, { access, events, clock, limiter })
  await app.register(layerRoutes, { access, selections: extensions, clock, limiter })
  await app.register(statusRoutes, {
    authority,
    streams: {
      list: () => streams.list().map((stream) => streamStatus(stream, clock.now())),
      get: (name) => {
        const stream = streams.get(name)
        return stream && streamStatus(stream, clock.now())
      },
      viewers: (name) => {
        const stream = streams.get(name)
        return stream && viewerStatuses(stream, plane)
      },
    },
  })
  await app.register(pageRoutes, {})
  await app.register(healthRoutes, {
    unreadiness: () => (closing ? 'shutting down' : undefined),
  })

  let metricsServer: Server | undefined
  const close = async () => {
    closing = true
    peers.closeAll('shutdown')
    // Those who were told come back to be sent elsewhere.
    if (config.OVERFLOW_URL !== undefined && metricsServer) await pause(drainTime)
    scheduler.close()
    metricsServer?.close()
    metricsServer?.closeAllConnections()
    await app.close()
    await plane.close()
  }
  try {
    const httpPort = await listenHttp(app, config)
    metricsServer = await listenMetrics(metrics, config)
    const mediaPort = plane.addresses[0]!.port
    return { httpPort, mediaPort, metricsPort: portOf(metricsServer), sending, close }
  } catch (error) {
    await close()
    throw error
  }
}

function everySecond(look: (now: number) => void): Machine {
  let nextTimeout = 0
  return {
    get nextTimeout() {
      return nextTimeout
    },
    poll(now) {
      nextTimeout = now + expiryInterval
      look(now)
    },
  }
}
