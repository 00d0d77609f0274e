import type { FastifyRequest } from 'fastify'
import { ServiceError } from '#core/errors.ts'
import { tokenOf } from './token.ts'

/** What access to a session's resources is decided by. */
export interface SessionAccess {
  /** Whether there is such a session. */
  has(id: string): boolean
  /** Whether this token is of whoever made the session. Asked only when one was sent. */
  tokenMatches(id: string, token: string): boolean | Promise<boolean>
}

/**
 * Lets a request to a resource of a session pass. Its URL alone authorises, since an EventSource
 * cannot send headers (WHEP-72, IO-8, IO-11); a token that is sent must be the session's.
 *
 * @returns rejects with ServiceError `session-not-found` or `token-invalid`
 */
export async function checkAccess(
  access: SessionAccess,
  id: string,
  request: FastifyRequest,
): Promise<void> {
  if (!access.has(id)) {
    throw new ServiceError('session-not-found', 'there is no such session, or it has ended')
  }
  await checkToken(access, id, request)
}

/** @returns rejects with ServiceError `token-invalid` for a token that is another session's */
export async function checkToken(
  access: Pick<SessionAccess, 'tokenMatches'>,
  id: string,
  request: FastifyRequest,
): Promise<void> {
  const token = tokenOf(request)
  if (token !== undefined && !(await access.tokenMatches(id, token))) {
    throw new ServiceError('token-invalid', 'the session was made with another token')
  }
}
