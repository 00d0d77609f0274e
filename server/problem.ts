import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { nothingHere } from '#control/grant.ts'
import { type ErrorCode, ServiceError } from '#core/errors.ts'

const statusOf: Record<ErrorCode, number> = {
  // `@eyevinn/webrtc-player` falls back to the server's offer on 400 (IO-10). 406 is not here: it
  // comes with an offer of ours and never as a problem (WHEP-22).
  'malformed-sdp': 400,
  'no-common-codec': 422,
  'unacceptable-offer': 422,
  'unacceptable-answer': 422,
  'bad-stream-name': 400,
  'token-missing': 401,
  'token-invalid': 401,
  'not-allowed': 403,
  'not-found': 404,
  'keys-unavailable': 503,
  'audit-failed': 503,
  'store-unavailable': 503,
  'session-not-found': 404,
  'stream-not-live': 409,
  'stream-taken': 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  'answer-pending': 409,
  'answer-unexpected': 409,
  'offer-expired': 410,
  'rate-limited': 429,
  full: 503,
}

/** RFC 6750 §3: a missing token is asked for, without an error; a bad one is named as such. */
const challengeOf: Partial<Record<ErrorCode, string>> = {
  'token-missing': 'Bearer realm="tailrace"',
  'token-invalid': 'Bearer realm="tailrace", error="invalid_token"',
  'not-allowed': 'Bearer realm="tailrace", error="insufficient_scope"',
}

/** Seconds, where whoever threw had no better guess. */
const retryAfterOf: Partial<Record<ErrorCode, number>> = {
  'stream-not-live': 2,
  'rate-limited': 1,
  full: 5,
}

/** Answers every failure as `application/problem+json` (RFC 9457). */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | ServiceError>(sendProblem)
  app.setNotFoundHandler((_request, reply) => sendServiceError(nothingHere(), reply))
}

export function sendProblem(
  error: FastifyError | ServiceError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ServiceError) return sendServiceError(error, reply)
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'request failed')
  // The text of a bug tells how we are built, and nothing the caller can mend.
  return send(reply, status, status >= 500 ? {} : { detail: error.message })
}

function sendServiceError(error: ServiceError, reply: FastifyReply): FastifyReply {
  const { code } = error
  const challenge = challengeOf[code]
  if (challenge) reply.header('www-authenticate', challenge)
  const retryAfter = error.retryAfter ?? retryAfterOf[code]
  if (retryAfter !== undefined) reply.header('retry-after', Math.ceil(retryAfter))
  return send(reply, statusOf[code], {
    type: `/problems/${code}`,
    detail: error.message,
    code,
  })
}

function send(reply: FastifyReply, status: number, members: Record<string, string>): FastifyReply {
  return reply
    .status(status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      ...members,
      instance: reply.request.id,
    })
}
