import type { FastifyPluginAsync } from 'fastify'
import type { CreatedSession } from '#control/http/created-session.ts'
import {
  type EndpointServices,
  endpointRoutes,
  type OfferRequest,
} from '#control/http/endpoint-routes.ts'
import { ServiceError } from '#core/errors.ts'

/** What the routes need of the media side; the specs pass a fake. */
export interface Publishers {
  /**
   * @throws ServiceError `malformed-sdp`, `unacceptable-offer`, `no-common-codec`,
   *   `stream-taken` or `full`
   */
  publish(request: PublishRequest): CreatedSession | Promise<CreatedSession>
}

export type PublishRequest = OfferRequest

export interface WhipOptions extends EndpointServices {
  readonly publishers: Publishers
}

/** WHIP endpoint (RFC 9725 §4.2); its sessions are served with the viewers'. */
export const whipRoutes: FastifyPluginAsync<WhipOptions> = async (app, options) => {
  const urls = endpointRoutes(
    app,
    { kind: 'whip', action: 'publish', open: (request) => publish(options.publishers, request) },
    options,
  )
  for (const url of urls) app.get(url, async (_request, reply) => reply.status(204).send())
}

async function publish(publishers: Publishers, request: OfferRequest): Promise<CreatedSession> {
  try {
    return await publishers.publish(request)
  } catch (error) {
    // 406 belongs to viewers. A publisher's offer is taken whole or not at all, and what
    // cannot be taken is 422 (RFC 9725 §4.4.3).
    if (!(error instanceof ServiceError) || error.code !== 'no-common-codec') throw error
    throw new ServiceError('unacceptable-offer', error.message, { cause: error })
  }
}
