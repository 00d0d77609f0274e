import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ServiceError } from '#core/errors.ts'
import type { StreamName } from '#core/stream-name.ts'

/** Where clients are sent whose offers this node does not take. */
export interface Overflow {
  /**
   * Base URL of another node or of what stands before several, as configured (SEC-26): for what no
   * node of the cluster takes. Without it they hear 503.
   */
  readonly target: string | undefined
  /** Whether this node takes no new sessions any more, because it is about to stop. */
  draining(): boolean
  /** In a cluster. */
  readonly placement?: Placement | undefined
}

/** Somebody who may do what they ask. */
export interface Client {
  readonly kind: 'whip' | 'whep'
  readonly name: StreamName
  /** Where they are, where that is known. */
  readonly region: string | undefined
}

/**
 * Why a client belongs elsewhere. `role`: this node does not do that; `origin`: its stream is at
 * another ingest, where it goes on; `region`: another edge is nearer.
 */
export type RedirectReason = 'role' | 'draining' | 'full' | 'origin' | 'region'

export interface Place {
  readonly reason: RedirectReason
  /** Origin of the node; undefined where none takes the client. */
  readonly origin: string | undefined
}

/** Knows the nodes of a cluster. */
export interface Placement {
  /**
   * @param refused this node has tried, and has no room
   * @returns undefined for a client that is right here
   */
  place(client: Client, refused: boolean): Promise<Place | undefined>
  redirected(reason: RedirectReason): void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, once that is proved; on endpoints only. */
    client: Client | undefined
  }
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
    // Which node of a cluster has a stream is for those to hear who may ask for it.
    if (method === 'POST' && overflow.draining() && !overflow.placement) throw noRoom('draining')
  })
  app.setErrorHandler(async (error, request, reply) => {
    if (!(error instanceof ServiceError) || error.code !== 'full') throw error
    const { client } = request
    const place = client && (await overflow.placement?.place(client, true))
    const location = elsewhere(kind, request, place?.origin ?? overflow.target)
    if (location === undefined) throw error
    if (place?.origin !== undefined) overflow.placement?.redirected(place.reason)
    return redirect(reply, location)
  })
}

/**
 * Redirects a client, already authorised, that another node of the cluster should have.
 *
 * @returns whether it is answered; false for one that this node shall take
 * @throws ServiceError `full` for one that it cannot take, and nobody else does
 */
export async function redirectMisplaced(
  request: FastifyRequest,
  reply: FastifyReply,
  { client, placement }: { readonly client: Client; readonly placement: Placement | undefined },
): Promise<boolean> {
  request.client = client
  const place = await placement?.place(client, false)
  if (!placement || !place) return false
  const location = elsewhere(client.kind, request, place.origin)
  if (location !== undefined) {
    placement.redirected(place.reason)
    redirect(reply, location)
    return true
  }
  if (place.reason === 'role' || place.reason === 'draining') throw noRoom(place.reason)
  return false
}

function redirect(reply: FastifyReply, location: string): FastifyReply {
  return reply.status(307).headers({ location, 'cache-control': 'no-store' }).send()
}

function noRoom(reason: 'role' | 'draining'): ServiceError {
  const why = reason === 'role' ? 'does not take this' : 'is about to stop'
  return new ServiceError('full', `this node ${why}: ask another, or ask again`, {
    retryAfter: retryWhenDraining,
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
