import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { type AuditLog, nodeChain } from '#control/audit/audit-log.ts'
import type { Authority } from '#control/authority.ts'
import type { Principal } from '#control/principal.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { HttpError } from './http-error.ts'
import { tokenOf } from './token.ts'

/** The node, as far as it can be emptied. */
export interface Drainable {
  /** `stopping` can be undone no more. */
  readonly state: 'serving' | 'draining' | 'stopping'
  /** Viewers and publishers still here. */
  readonly sessions: number
  begin(): void
  cancel(): void
}

export interface DrainRouteOptions {
  readonly authority: Authority
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly limiter: RateLimiter
  readonly drain: Drainable
}

const url = '/api/v1/drain'

/**
 * Empties this node, or takes that back, for whoever administers all tenants: others see nothing of
 * it but redirects. Acts are on record before they are done (SEC-69).
 */
export const drainRoutes: FastifyPluginAsync<DrainRouteOptions> = async (app, options) => {
  const { authority, audit, clock, limiter, drain } = options
  const shown = () => ({ state: drain.state, sessions: drain.sessions })

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  const administrator = async (request: FastifyRequest): Promise<Principal> => {
    limiter.admit(request.ip, clock.now())
    const principal = await authority.authorize('admin', undefined, tokenOf(request))
    if (principal.tenant === undefined) return principal
    throw new ServiceError('not-allowed', 'a node is drained by who administers all tenants')
  }
  const record = async (request: FastifyRequest, event: string) => {
    const { id } = await administrator(request)
    await audit.append({ tenant: nodeChain, actor: id, event, target: nodeChain })
  }

  app.get(url, async (request) => {
    await administrator(request)
    return shown()
  })

  app.post(url, async (request) => {
    await record(request, 'node.drain')
    if (drain.state === 'serving') drain.begin()
    return shown()
  })

  app.delete(url, async (request) => {
    await record(request, 'node.resume')
    if (drain.state === 'stopping') throw new HttpError(409, 'this node is about to stop for good')
    drain.cancel()
    return shown()
  })
}
