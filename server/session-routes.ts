import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { bodyOf, fragmentType, readBodiesAsText } from '#control/http/bodies.ts'
import { ifMatchHolds } from '#control/http/if-match.ts'
import { refuseOtherMethods } from '#control/http/methods.ts'
import { tokenOf } from '#control/http/token.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'

/** What the routes need of the sessions of both kinds; the specs pass a fake. */
export interface Sessions {
  /** Entity tag of the current ICE generation, quotes included; `undefined`: no such session. */
  etag(id: string): string | undefined
  /** Whether the session was made with this very token. Asked only when one was sent. */
  tokenMatches(id: string, token: string): boolean
  /**
   * Takes candidates (RFC 8840). The precondition has been checked.
   * @throws ServiceError `malformed-sdp`, or `unsupported-fragment` for one with a new ufrag
   */
  trickle(id: string, fragment: string): void
  /** Ends the session and tells its peer; nothing happens if it is gone already. */
  end(id: string): void
}

export interface SessionOptions {
  readonly sessions: Sessions
  readonly clock: Clock
  readonly limiter: RateLimiter
}

interface SessionRoute {
  Params: { readonly id: string }
}

const url = '/session/:id'
const methods = ['OPTIONS', 'PATCH', 'DELETE', 'GET', 'HEAD']

/** As `randomId` makes them. Any other id was never ours. */
const idPattern = /^[\w-]{22}$/

/**
 * The resource of a WHIP or WHEP session (RFC 9725 §4.2, §4.3). Its URL alone authorises: real
 * clients send no token here (DESIGN §14, IO-8, IO-11). One that is sent must be the session's.
 */
export const sessionRoutes: FastifyPluginAsync<SessionOptions> = async (app, options) => {
  const { sessions, clock, limiter } = options

  readBodiesAsText(app)
  app.addHook('onRequest', async (request) => {
    if (request.method === 'PATCH' || request.method === 'DELETE') {
      limiter.admit(request.ip, clock.now())
    }
  })

  app.get<SessionRoute>(url, async (request, reply) => {
    open(sessions, request)
    return reply.status(204).send()
  })

  app.patch<SessionRoute>(url, async (request, reply) => {
    const etag = open(sessions, request)
    const fragment = bodyOf(request, fragmentType)
    // Without If-Match it is taken: whip-whep sends none to WHEP, the Eyevinn client puts its
    // tag in a request header named ETag (IO-8, IO-9), and there is one ICE generation only.
    const field = request.headers['if-match']
    if (field !== undefined && !ifMatchHolds(field, etag)) {
      throw new ServiceError('precondition-failed', 'If-Match names another ICE session')
    }
    sessions.trickle(request.params.id, fragment)
    return reply.status(204).send()
  })

  // If-Match does not count here (RFC 9725 §4.3.1). 200 and not 204, on which OBS asks again;
  // and for a session already gone too, so that ending is done whoever was first (IO-5).
  app.delete<SessionRoute>(url, async (request, reply) => {
    const { id } = request.params
    if (!idPattern.test(id)) throw notFound()
    if (sessions.etag(id) !== undefined) {
      open(sessions, request)
      sessions.end(id)
    }
    return reply.status(200).send()
  })

  app.options(url, async (_request, reply) =>
    reply.headers({ allow: methods.join(', '), 'accept-patch': fragmentType }).send(),
  )
  refuseOtherMethods(app, url, methods)
}

/** @returns the tag of the session, if it exists and the token is not another's */
function open(sessions: Sessions, request: FastifyRequest<SessionRoute>): string {
  const { id } = request.params
  const etag = sessions.etag(id)
  if (etag === undefined) throw notFound()
  const token = tokenOf(request)
  if (token !== undefined && !sessions.tokenMatches(id, token)) {
    throw new ServiceError('token-invalid', 'the session was made with another token')
  }
  return etag
}

function notFound(): ServiceError {
  return new ServiceError('session-not-found', 'there is no such session, or it has ended')
}
