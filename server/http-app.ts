import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { largestBody } from '#control/http/bodies.ts'
import { allowCrossOrigin, type CorsOptions, nameOrigin } from './cors.ts'
import { isLinkRequest } from './links/link-server.ts'
import { answerWithProblems, sendProblem } from './problem.ts'
import type { TlsFiles } from './tls.ts'

/**
 * What a client may take, in ms (SEC-27). Under names of `node:http`, which exchanges the first
 * two when the headers have longer than the whole, and looks every 30 s unless told.
 */
const requestLimits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  /** Between two requests: longer than proxies in front keep a connection. */
  keepAliveTimeout: 72_000,
}

export type HttpAppOptions = CorsOptions &
  Pick<FastifyServerOptions, 'loggerInstance' | 'trustProxy'> & {
    /** HTTPS with it, else HTTP. */
    readonly tls?: TlsFiles
    readonly limits?: Partial<typeof requestLimits>
  }

/** An HTTP server without routes: limits, problem bodies and cross-origin headers. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { origins, tls, limits = requestLimits, ...rest } = options
  const app = fastify({
    ...rest,
    serverFactory: (handler: RequestListener) => {
      const options = { ...limits, shouldUpgradeCallback: isLinkRequest }
      return tls ? createTlsServer({ ...tls, ...options }, handler) : createServer(options, handler)
    },
    // Its lines would hold the URL, and with it any `?token=` (SEC-13).
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: largestBody,
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
