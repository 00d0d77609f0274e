import type { FastifyInstance } from 'fastify'
import type { AuditLog } from '#control/audit/audit-log.ts'
import type { SessionTrail } from '#control/audit/session-trail.ts'
import { type Drainable, drainRoutes } from '#control/http/drain-routes.ts'
import { edgeRoutes, type OfferedEdge } from '#control/http/edge-routes.ts'
import type { EndpointServices, OfferRequest } from '#control/http/endpoint-routes.ts'
import { revocationRoutes } from '#control/http/revocation-routes.ts'
import { hlsRateLimit, RateLimiter } from '#control/rate-limiter.ts'
import type { Revocations } from '#control/revocations.ts'
import type { SessionTable } from '#control/sessions.ts'
import { eventRoutes } from '#edge/event-routes.ts'
import { layerRoutes } from '#edge/layer-routes.ts'
import { type PageOptions, pageRoutes } from '#edge/pages.ts'
import type { SessionExtensions } from '#edge/session-extensions.ts'
import { statusRoutes } from '#edge/status-routes.ts'
import type { ViewerSessions } from '#edge/viewer-sessions.ts'
import { whepRoutes } from '#edge/whep-routes.ts'
import type { PublisherSessions } from '#ingest/publisher-sessions.ts'
import { whipRoutes } from '#ingest/whip-routes.ts'
import type { MediaPlane } from '#native/media-plane.ts'
import { hlsRoutes, type RecordingSource } from '#recorder/hls-routes.ts'
import { streamStatus } from '#relay/status.ts'
import type { Streams } from '#relay/streams.ts'
import { viewerStatuses } from '#relay/viewer-status.ts'
import { type HealthOptions, healthRoutes } from './health-routes.ts'
import { recorded } from './recorded-sessions.ts'
import { sessionRoutes } from './session-routes.ts'

/** All that the routes of a node stand before. */
export interface RouteParts extends EndpointServices, HealthOptions, PageOptions {
  readonly publishers: PublisherSessions
  readonly viewers: ViewerSessions
  readonly sessions: SessionTable
  readonly extensions: SessionExtensions
  readonly streams: Streams
  readonly plane: MediaPlane
  readonly revocations: Revocations
  readonly audit: Pick<AuditLog, 'append'>
  readonly trail: SessionTrail
  readonly drain: Drainable
  /** What can be watched by HLS; undefined where settings ask for none. */
  readonly recordings: RecordingSource | undefined
  /** Edges that a player may choose among; none where this node is alone. */
  edges(): readonly OfferedEdge[]
}

/** Every route of a node. Who may use which is `test/server/route-matrix.spec.ts`. */
export async function registerRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { publishers, viewers, sessions, extensions, streams, plane, ...services } = parts
  const { authority, trail, clock, limiter, revocations } = services
  const whip = { kind: 'whip', authority, trail } as const
  const whep = { kind: 'whep', authority, trail } as const
  await app.register(whipRoutes, {
    ...services,
    publishers: { publish: recorded((request: OfferRequest) => publishers.publish(request), whip) },
  })
  await app.register(whepRoutes, {
    ...services,
    viewers: {
      watch: recorded((request: OfferRequest) => viewers.watch(request), whep),
      invite: recorded((request) => viewers.invite(request), whep),
    },
  })
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
    clock,
    limiter,
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
  const revoked = () => sessions.endWhere((principal) => revocations.revokes(principal))
  await app.register(revocationRoutes, { ...services, revoked })
  await app.register(drainRoutes, services)
  await app.register(edgeRoutes, services)
  const { recordings } = services
  if (recordings)
    await app.register(hlsRoutes, {
      ...services,
      recordings,
      limiter: new RateLimiter(hlsRateLimit),
    })
  await app.register(pageRoutes, services)
  await app.register(healthRoutes, services)
}
