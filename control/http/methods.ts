import type { FastifyInstance } from 'fastify'
import { HttpError } from './http-error.ts'

/** Answers every method but the allowed ones with 405 and `Allow` (RFC 9110 §15.5.6). */
export function refuseOtherMethods(
  app: FastifyInstance,
  url: string,
  allowed: readonly string[],
): void {
  const list = allowed.join(', ')
  app.route({
    url,
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    handler: (request, reply) => {
      reply.header('allow', list)
      throw new HttpError(405, `${request.method} is not for this address: it takes ${list}`)
    },
  })
}
