import type { FastifyPluginAsync } from 'fastify'
import { HttpError } from '#control/http/http-error.ts'
import { tokenOf } from '#control/http/token.ts'
import type { Authority } from '#control/permissions.ts'
import { type StreamName, streamName } from '#core/stream-name.ts'
import type { StreamStatus } from '#relay/stream-status.ts'

/** What the routes need of the streams of this node; the specs pass a fake. */
interface StatusSource {
  list(): readonly StreamStatus[]
  /** `undefined`: nobody has published under this name. */
  get(name: StreamName): StreamStatus | undefined
}

export interface StatusOptions {
  readonly authority: Authority
  readonly streams: StatusSource
}

interface StatusRoute {
  Params: { readonly tenant?: string; readonly stream: string }
}

/** What each stream is doing, for whoever may view it. */
export const statusRoutes: FastifyPluginAsync<StatusOptions> = async (app, options) => {
  const { authority, streams } = options

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get('/api/v1/streams', async (request) => {
    await authority.authorize('view', undefined, tokenOf(request))
    return { streams: streams.list() }
  })

  for (const url of ['/api/v1/streams/:stream', '/api/v1/streams/:tenant/:stream']) {
    app.get<StatusRoute>(url, async (request) => {
      const name = streamName(request.params.tenant, request.params.stream)
      await authority.authorize('view', name, tokenOf(request))
      const status = streams.get(name)
      if (!status) throw new HttpError(404, 'nobody has published under this name')
      return status
    })
  }
}
