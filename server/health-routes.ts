import type { FastifyPluginAsync } from 'fastify'

export interface HealthOptions {
  /** Why no new sessions should be sent here; undefined while they may. */
  unreadiness(): string | undefined
}

/** For load balancers and orchestrators: alive, and willing to take sessions. */
export const healthRoutes: FastifyPluginAsync<HealthOptions> = async (app, { unreadiness }) => {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const reason = unreadiness()
    return reason === undefined
      ? { status: 'ready' }
      : reply.status(503).send({ status: 'not ready', reason })
  })
}
