import type { FastifyPluginAsync } from 'fastify'
import type { Authority } from '#control/authority.ts'
import { coversStream, nothingHere } from '#control/grant.ts'
import { tokenOf } from '#control/http/token.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { type StreamName, streamName } from '#core/stream-name.ts'
import type { StreamStatus } from '#relay/stream-status.ts'
import type { ViewerStatus } from '#relay/viewer-status.ts'

/** What the routes need of the streams of this node; the specs pass a fake. */
interface StatusSource {
  list(): readonly StreamStatus[]
  /** `undefined`: nobody has published under this name. */
  get(name: StreamName): StreamStatus | undefined
  /** `undefined`: nobody has published under this name. */
  viewers(name: StreamName): readonly ViewerStatus[] | undefined
}

export interface StatusOptions {
  readonly authority: Authority
  readonly clock: Clock
  readonly limiter: RateLimiter
  readonly streams: StatusSource
}

interface StatusRoute {
  Params: { readonly tenant?: string; readonly stream: string }
}

/** What each stream is doing, for whoever may view it. */
export const statusRoutes: FastifyPluginAsync<StatusOptions> = async (app, options) => {
  const { authority, streams, clock, limiter } = options

  // A signature takes time to check, whoever sent it.
  app.addHook('onRequest', async (request) => limiter.admit(request.ip, clock.now()))

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get('/api/v1/streams', async (request) => {
    const principal = await authority.authorize('view', undefined, tokenOf(request))
    return { streams: streams.list().filter(({ name }) => coversStream(principal, name)) }
  })

  for (const url of ['/api/v1/streams/:stream', '/api/v1/streams/:tenant/:stream']) {
    app.get<StatusRoute>(url, async (request) => {
      const name = streamName(request.params.tenant, request.params.stream)
      await authority.authorize('view', name, tokenOf(request))
      const status = streams.get(name)
      if (!status) throw nothingHere()
      return status
    })
  }

  // What each viewer gets is the broadcaster's to know.
  for (const url of ['/api/v1/viewers/:stream', '/api/v1/viewers/:tenant/:stream']) {
    app.get<StatusRoute>(url, async (request) => {
      const name = streamName(request.params.tenant, request.params.stream)
      await authority.authorize('publish', name, tokenOf(request))
      const viewers = streams.viewers(name)
      if (!viewers) throw nothingHere()
      return { viewers }
    })
  }
}
