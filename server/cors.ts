import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export interface CorsOptions {
  /** Origins whose pages may call us; `'*'` any, since no cookie ever counts here (SEC-24). */
  readonly origins: '*' | readonly string[]
}

// The lists of INTEROP IO-7. On an OPTIONS that is no preflight too: `@eyevinn/whip-web-client`
// reads from it whether PATCH exists (IO-9).
const preflight = {
  'access-control-allow-methods': 'OPTIONS, POST, PATCH, DELETE, GET, HEAD',
  'access-control-allow-headers': 'authorization, content-type, if-match, etag',
  // A day; browsers cut it to their own limit (Chromium: 2 h).
  'access-control-max-age': '86400',
}
const exposed =
  'Location, Link, ETag, Accept-Patch, Retry-After, WWW-Authenticate, Access-Control-Allow-Methods'

/**
 * Cross-origin headers on every reply, failures included, or a page sees an opaque network error
 * instead of a status; and 200 to every OPTIONS, without asking for a token, since a preflight
 * cannot carry one (RFC 9725 §4.7.1).
 */
export function allowCrossOrigin(app: FastifyInstance, options: CorsOptions): void {
  app.addHook('onRequest', async (request, reply) => nameOrigin(request, reply, options))
  app.options('*', async (_request, reply) => reply.send())
}

/** What the hook above does, for replies to requests that reach no hook. */
export function nameOrigin(
  { headers, method }: FastifyRequest,
  reply: FastifyReply,
  { origins }: CorsOptions,
): void {
  if (origins === '*') {
    reply.header('access-control-allow-origin', '*')
  } else {
    // The answer differs by origin even when this one gets nothing.
    reply.header('vary', 'Origin')
    if (headers.origin === undefined || !origins.includes(headers.origin)) return
    reply.header('access-control-allow-origin', headers.origin)
  }
  reply.header('access-control-expose-headers', exposed)
  if (method === 'OPTIONS') reply.headers(preflight)
}
