import type { FastifyPluginAsync } from 'fastify'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'

/** A node that takes viewers. */
export interface OfferedEdge {
  readonly origin: string
  readonly region: string
}

export interface EdgeOptions {
  /** Empty on a node that is alone. */
  edges(): readonly OfferedEdge[]
  readonly limiter: RateLimiter
  readonly clock: Clock
}

/**
 * Edges among which a player may look for the nearest, for anyone: where they are is no secret, and
 * nothing is told of streams.
 */
export const edgeRoutes: FastifyPluginAsync<EdgeOptions> = async (app, options) => {
  const { edges, limiter, clock } = options
  app.get('/api/v1/edges', async (request, reply) => {
    limiter.admit(request.ip, clock.now())
    return reply.header('cache-control', 'no-store').send({ edges: edges() })
  })
}
