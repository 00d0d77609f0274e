import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from '#core/errors.ts'

/** Where clients are sent whose offers this node does not take. */
export interface Overflow {
  /**
   * Base URL of another node or of what stands before several: the one place that clients are sent
   * to, as configured (SEC-26). Without it they hear 503.
   */
  readonly target: string | undefined
  /** Whether this node takes no new sessions any more, because it is about to stop. */
  draining(): boolean
}

/** Nodes that may pass a client on. The last one says 503, or full ones would go round for ever. */
const maxHops = 3

/** Seconds after which whoever has taken this node's place may be there. */
const retryWhenDraining = 5

/**
 * Redirects POSTs that a full or draining node cannot take, by 307: on 301 and 302 a client turns
 * a POST into a GET (RFC 9725 §4.5, IO-4). What came in the query goes along, so a `?token=` does;
 * a token in a header is the client's to send again.
 */
export function redirectOverflow(app: FastifyInstance, kind: string, overflow: Overflow): void {
  app.addHook('onRequest', async ({ method }) => {
    if (method !== 'POST' || !overflow.draining()) return
    throw new ServiceError('full', 'this node is about to stop: ask another, or ask again', {
      retryAfter: retryWhenDraining,
    })
  })
  app.setErrorHandler((error, request, reply) => {
    const isFull = error instanceof ServiceError && error.code === 'full'
    const location = isFull ? elsewhere(kind, request, overflow.target) : undefined
    if (location === undefined) throw error
    return reply.status(307).headers({ location, 'cache-control': 'no-store' }).send()
  })
}

function elsewhere(
  kind: string,
  { params, url }: FastifyRequest,
  target: string | undefined,
): string | undefined {
  const search = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const hops = hopsOf(search)
  if (target === undefined || hops >= maxHops) return undefined
  search.set('hop', String(hops + 1))
  // Made anew from what the route has read, so that no form of the request's own URL can lead
  // anywhere else.
  const { tenant, stream } = params as { readonly tenant?: string; readonly stream: string }
  const path = [kind, ...(tenant === undefined ? [] : [tenant]), stream].map(encodeURIComponent)
  return `${target.replace(/\/+$/, '')}/${path.join('/')}?${search}`
}

// Whoever writes something else there gets no further redirect.
function hopsOf(search: URLSearchParams): number {
  const hop = search.get('hop') ?? '0'
  return /^\d$/.test(hop) ? Number(hop) : maxHops
}
