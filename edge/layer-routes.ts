import type { FastifyPluginAsync } from 'fastify'
import { readBodiesAsText } from '#control/http/bodies.ts'
import { jsonOf, jsonType, largestJson } from '#control/http/json-body.ts'
import { refuseOtherMethods } from '#control/http/methods.ts'
import { checkAccess, type SessionAccess } from '#control/http/session-access.ts'
import { layerRateLimit, RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { type LayerRequest, layerRequest } from './layer-request.ts'

/** What the routes need of the extensions; the specs pass a fake. */
interface LayerSelections {
  /** @throws HttpError 422 or 409 */
  select(id: string, request: LayerRequest, now: number): void
}

export interface LayerOptions {
  readonly access: SessionAccess
  readonly selections: LayerSelections
  readonly clock: Clock
  readonly limiter: RateLimiter
}

interface LayerRoute {
  Params: { readonly id: string }
}

const url = '/session/:id/layer'
const methods = ['OPTIONS', 'POST', 'DELETE']

/** Which layer a viewer wants to be sent (WHEP extension `layer`, WHEP-98..106). */
export const layerRoutes: FastifyPluginAsync<LayerOptions> = async (app, options) => {
  const { access, selections, clock, limiter } = options
  const choices = new RateLimiter(layerRateLimit, 'for this session')

  readBodiesAsText(app)
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'OPTIONS') limiter.admit(request.ip, clock.now())
  })

  app.post<LayerRoute>(url, { bodyLimit: largestJson }, async (request, reply) => {
    const { id } = request.params
    await checkAccess(access, id, request)
    choices.admit(id, clock.now())
    selections.select(id, layerRequest(jsonOf(request)), clock.now())
    return reply.status(200).send()
  })

  // Not in the draft: what `unselectLayer` of whip-whep sends (IO-8).
  app.delete<LayerRoute>(url, async (request, reply) => {
    const { id } = request.params
    await checkAccess(access, id, request)
    choices.admit(id, clock.now())
    selections.select(id, {}, clock.now())
    return reply.status(200).send()
  })

  app.options(url, async (_request, reply) =>
    reply.headers({ allow: methods.join(', '), 'accept-post': jsonType }).send(),
  )
  refuseOtherMethods(app, url, methods)
}
