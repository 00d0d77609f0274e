import type { FastifyPluginAsync } from 'fastify'
import { sdpType } from '#control/http/bodies.ts'
import type { CreatedSession } from '#control/http/created-session.ts'
import {
  type EndpointServices,
  endpointRoutes,
  type OfferRequest,
} from '#control/http/endpoint-routes.ts'

/** What the routes need of the media side; the specs pass a fake. */
export interface Viewers {
  /**
   * Answers an offer, or makes a counter-offer where it cannot be met (§4.3.2).
   *
   * @throws ServiceError `malformed-sdp`, `unacceptable-offer`, `stream-not-live`, `full` or
   *   `rate-limited`
   */
  watch(request: WatchRequest): CreatedSession | Promise<CreatedSession>
  /** Makes the offer itself (WHEP-37). @throws ServiceError as `watch` */
  invite(request: InviteRequest): CreatedSession | Promise<CreatedSession>
}

/** Every phase of a join counts from its `receivedAt`. */
export type WatchRequest = OfferRequest
export type InviteRequest = Omit<WatchRequest, 'offer'>

export interface WhepOptions extends EndpointServices {
  readonly viewers: Viewers
}

/** WHEP endpoint (draft-ietf-wish-whep §4.3); its sessions are served with the publishers'. */
export const whepRoutes: FastifyPluginAsync<WhepOptions> = async (app, options) => {
  const urls = endpointRoutes(
    app,
    {
      kind: 'whep',
      action: 'view',
      open: (request) => options.viewers.watch(request),
      invite: (request) => options.viewers.invite(request),
    },
    options,
  )
  // The media type tells a player that finds this address to speak WHEP to it (§4.2). No token
  // is asked and no session made. Fastify answers HEAD with the same headers.
  for (const url of urls) {
    app.get(url, async (_request, reply) => reply.type(sdpType).send(''))
  }
}
