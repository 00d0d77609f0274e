import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { largestBody } from '#control/http/bodies.ts'
import { allowCrossOrigin, type CorsOptions, nameOrigin } from './cors.ts'
import { answerWithProblems, sendProblem } from './problem.ts'

export type HttpAppOptions = CorsOptions &
  Pick<FastifyServerOptions, 'loggerInstance' | 'serverFactory' | 'trustProxy'>

/** An HTTP server without routes: limits, problem bodies and cross-origin headers. */
export function createHttpApp({ origins, ...options }: HttpAppOptions): FastifyInstance {
  const app = fastify({
    ...options,
    // Its lines would hold the URL, and with it any `?token=` (SEC-13).
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: largestBody,
    // Of the headers too; then they have 5 s, the body 10 s (SEC-27).
    requestTimeout: 10_000,
    // An over-long stream name shall hear what is wrong with it, not 404.
    routerOptions: { maxParamLength: 1024 },
    // A URL that does not decode reaches no route and no hook.
    frameworkErrors: (error, request, reply) => {
      nameOrigin(request, reply, { origins })
      sendProblem(error, request, reply)
    },
  })
  answerWithProblems(app)
  allowCrossOrigin(app, { origins })
  return app
}
