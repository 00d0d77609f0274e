import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import {
  bodyOf,
  fragmentType,
  mediaTypeOf,
  readBodiesAsText,
  sdpType,
} from '#control/http/bodies.ts'
import { ifMatchHolds } from '#control/http/if-match.ts'
import { refuseOtherMethods } from '#control/http/methods.ts'
import { checkToken, type SessionAccess } from '#control/http/session-access.ts'
import { patchRateLimit, RateLimiter } from '#control/rate-limiter.ts'
import type { Session } from '#control/sessions.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'

/** What the routes need of the sessions of both kinds; the specs pass a fake. */
export interface Sessions extends Pick<SessionAccess, 'tokenMatches'> {
  /** `undefined`: there is no such session, or it has ended. */
  get(id: string): Session | undefined
  /** Whether it ended because our offer was not answered in time. */
  unanswered(id: string): boolean
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
  const patches = new RateLimiter(patchRateLimit, 'for this session')

  readBodiesAsText(app)
  app.addHook('onRequest', async (request) => {
    // GET, too: a token that comes along takes time to check, whoever sent it.
    if (request.method !== 'OPTIONS') limiter.admit(request.ip, clock.now())
  })

  app.get<SessionRoute>(url, async (request, reply) => {
    await open(sessions, request)
    return reply.status(204).send()
  })

  app.patch<SessionRoute>(url, async (request, reply) => {
    const session = await open(sessions, request)
    patches.admit(request.params.id, clock.now())
    if (mediaTypeOf(request) === sdpType) {
      complete(session, bodyOf(request, sdpType))
      return reply.status(204).send()
    }
    const fragment = bodyOf(request, fragmentType)
    if (session.answer) {
      throw new ServiceError('answer-pending', 'answer the offer first, then send candidates')
    }
    checkPrecondition(session, request.headers['if-match'])
    const restart = session.patch(fragment)
    if (!restart) return reply.status(204).send()
    return reply
      .status(200)
      .headers({ etag: restart.etag, 'cache-control': 'no-store', 'content-type': fragmentType })
      .send(restart.fragment)
  })

  // If-Match does not count here (RFC 9725 §4.3.1). 200 and not 204, on which OBS asks again;
  // and for a session already gone too, so that ending is done whoever was first (IO-5).
  app.delete<SessionRoute>(url, async (request, reply) => {
    const { id } = request.params
    if (!idPattern.test(id)) throw notFound()
    if (sessions.get(id)) (await open(sessions, request)).end()
    return reply.status(200).send()
  })

  app.options(url, async (_request, reply) =>
    reply.headers({ allow: methods.join(', '), 'accept-patch': fragmentType }).send(),
  )
  refuseOtherMethods(app, url, methods)
}

/** @returns the session, if it exists and the token is not another's */
async function open(sessions: Sessions, request: FastifyRequest<SessionRoute>): Promise<Session> {
  const { id } = request.params
  const session = sessions.get(id)
  if (!session) {
    if (!sessions.unanswered(id)) throw notFound()
    throw new ServiceError('offer-expired', 'our offer was not answered in time: POST again')
  }
  await checkToken(sessions, id, request)
  // It may have ended while its token was looked at.
  if (!sessions.get(id)) throw notFound()
  return session
}

// An SDP is taken once, where the offer was ours (draft-ietf-wish-whep §4.3.3).
function complete(session: Session, sdp: string): void {
  if (!session.answer) {
    throw new ServiceError('answer-unexpected', 'this session waits for no answer')
  }
  session.answer(sdp)
}

// Without If-Match a fragment is taken as long as it can only mean the one ICE generation there
// has been: whip-whep sends none to WHEP, the Eyevinn client puts its tag in a request header
// named ETag (IO-8, IO-9). A restart should come with `*` (RFC 9725 §4.3.3); one with the present
// tag is as good, since its sender knows what it replaces.
function checkPrecondition({ etag, restarted }: Session, field: string | undefined): void {
  if (field === undefined && restarted) {
    throw new ServiceError(
      'precondition-required',
      'ICE has been restarted: name the session that is meant, or "*" to restart, in If-Match',
    )
  }
  if (field !== undefined && !ifMatchHolds(field, etag)) {
    throw new ServiceError('precondition-failed', 'If-Match names another ICE session')
  }
}

function notFound(): ServiceError {
  return new ServiceError('session-not-found', 'there is no such session, or it has ended')
}
