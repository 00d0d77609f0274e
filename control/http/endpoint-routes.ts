import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authority } from '#control/authority.ts'
import type { Action } from '#control/grant.ts'
import type { Principal } from '#control/principal.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import { ServiceError } from '#core/errors.ts'
import { type StreamName, streamKey, streamName } from '#core/stream-name.ts'
import {
  bodyOf,
  fragmentType,
  largestBody,
  optionalBodyOf,
  readBodiesAsText,
  sdpType,
} from './bodies.ts'
import { clientRegion } from './client-region.ts'
import type { CreatedSession } from './created-session.ts'
import { refuseOtherMethods } from './methods.ts'
import { type Overflow, redirectMisplaced, redirectOverflow } from './overflow.ts'
import { type IceServices, iceLinks, sessionLinks } from './session-links.ts'
import { tokenOf } from './token.ts'

/** What both kinds of endpoint share; one set serves all of a server's plugins. */
export interface EndpointServices extends IceServices {
  readonly authority: Authority
  readonly limiter: RateLimiter
  /** POSTs of publishers, by key and stream (SEC-20). */
  readonly publishLimiter?: RateLimiter
  /** Without it this node is never draining, and says 503 when it is full. */
  readonly overflow?: Overflow
  /** Field by which a trusted proxy names the region of a client, in small letters. */
  readonly regionHeader?: string | undefined
}

/** An offer whose sender may do what it asks. */
export interface OfferRequest {
  readonly name: StreamName
  readonly principal: Principal
  /** SDP, not looked at yet. */
  readonly offer: string
  readonly userAgent: string | undefined
  /** Where the POST came from. */
  readonly address: string
  /** Monotonic ms at which the POST's headers came. */
  readonly receivedAt: number
}

type Sender = Omit<OfferRequest, 'offer'>

export interface Endpoint {
  readonly kind: 'whip' | 'whep'
  readonly action: Action
  open(request: OfferRequest): CreatedSession | Promise<CreatedSession>
  /** What an empty POST asks for: an offer of ours. Without it there must be an offer. */
  invite?(request: Sender): CreatedSession | Promise<CreatedSession>
}

interface EndpointParams {
  readonly tenant?: string
  readonly stream: string
}

const methods = ['OPTIONS', 'POST', 'GET', 'HEAD']

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic ms; set on endpoints only. */
    receivedAt: number
  }
}

/**
 * POST and OPTIONS of a WHIP or WHEP endpoint, at all four of its addresses: `/whip/{stream}`,
 * `/whip/{tenant}/{stream}`, `/{stream}/whip`, `/{tenant}/{stream}/whip`. GET and HEAD differ
 * between the two and are the caller's.
 *
 * @returns the addresses
 */
export function endpointRoutes(
  app: FastifyInstance,
  endpoint: Endpoint,
  services: EndpointServices,
): string[] {
  const { kind, action } = endpoint
  const { authority, clock, limiter, publishLimiter, overflow, regionHeader } = services
  const urls = [
    `/${kind}/:stream`,
    `/${kind}/:tenant/:stream`,
    `/:stream/${kind}`,
    `/:tenant/:stream/${kind}`,
  ]

  readBodiesAsText(app)
  app.decorateRequest('receivedAt', 0)
  app.decorateRequest('client', undefined)
  app.addHook('onRequest', async (request) => {
    request.receivedAt = clock.now()
    if (request.method !== 'POST') return
    limiter.admit(request.ip, request.receivedAt, costOf(request))
  })

  if (overflow) redirectOverflow(app, kind, overflow)

  for (const url of urls) {
    app.post<{ Params: EndpointParams }>(url, async (request, reply) => {
      const name = streamName(request.params.tenant, request.params.stream)
      const principal = await authority.authorize(action, name, tokenOf(request))
      if (action === 'publish') {
        publishLimiter?.admit(`${principal.id} ${streamKey(name)}`, request.receivedAt)
      }
      const client = { kind, name, region: clientRegion(principal, request, regionHeader) }
      const placement = overflow?.placement
      if (await redirectMisplaced(request, reply, { client, placement })) return reply
      const sender = {
        name,
        principal,
        userAgent: request.headers['user-agent'],
        address: request.ip,
        receivedAt: request.receivedAt,
      }
      const { session, isOffer } = await open(endpoint, sender, request)
      const links = sessionLinks(services, session)
      if (links.length > 0) reply.header('link', links)
      // An offer of ours is answered by PATCH.
      return sendSession(reply, session, isOffer ? `${sdpType}, ${fragmentType}` : fragmentType)
    })

    app.options<{ Params: EndpointParams }>(url, async (request, reply) => {
      const user = isPreflight(request) ? undefined : await userOf(authority, action, request)
      const links = user ? iceLinks(services, user.id) : []
      if (links.length > 0) reply.header('link', links)
      return reply
        .headers({
          allow: methods.join(', '),
          'accept-post': sdpType,
          'accept-patch': fragmentType,
        })
        .send()
    })

    refuseOtherMethods(app, url, methods)
  }
  return urls
}

/** Bytes of a body that cost as much as a request: an offer of a browser has some 8 KiB. */
const bytesPerRequest = 12 * 1024

// Reading 64 KiB costs ten times as much as what a client sends; who does not say how much it is
// going to be pays for all that is taken.
function costOf({ headers }: FastifyRequest): number {
  const length = Number(
    headers['content-length'] ?? (headers['transfer-encoding'] ? largestBody : 0),
  )
  return 1 + Math.floor(Math.min(length, largestBody) / bytesPerRequest) || 1
}

async function open(endpoint: Endpoint, sender: Sender, request: FastifyRequest) {
  const offer = endpoint.invite ? optionalBodyOf(request, sdpType) : bodyOf(request, sdpType)
  if (offer === undefined) return { session: await endpoint.invite!(sender), isOffer: true }
  const session = await endpoint.open({ ...sender, offer })
  return { session, isOffer: session.counterOffer !== undefined }
}

function sendSession(
  reply: FastifyReply,
  { id, etag, answer, counterOffer }: CreatedSession,
  patchTypes: string,
): FastifyReply {
  return reply
    .status(counterOffer ? 406 : 201)
    .headers({
      // From the root, because OBS resolves no other relative form (IO-2), and without a host,
      // because the Host header is the client's word (SEC-25).
      location: `/session/${id}`,
      etag,
      'accept-patch': patchTypes,
      'cache-control': 'no-store',
      'content-type': counterOffer ? validSdp(counterOffer.validUntil) : sdpType,
    })
    .send(answer)
}

/** The type of a counter-offer (draft-ietf-wish-whep §4.3.2); the date as in RFC 9110 §5.6.7. */
function validSdp(until: number): string {
  return `${sdpType}; valid-until="${new Date(until).toUTCString()}"`
}

// A browser's own question before the request, to which servers are not named unless it says
// that it will read them (RFC 9725 §4.6).
function isPreflight({ headers }: FastifyRequest): boolean {
  if (headers['access-control-request-method'] === undefined) return false
  return !/\blink\b/i.test(headers['access-control-request-headers'] ?? '')
}

// A TURN credential is for those who could have had it with a 201 (SEC-56); an OPTIONS itself
// is never refused, since a preflight carries no token (IO-7).
async function userOf(
  authority: Authority,
  action: Action,
  request: FastifyRequest<{ Params: EndpointParams }>,
): Promise<Principal | undefined> {
  try {
    const { tenant, stream } = request.params
    return await authority.authorize(action, streamName(tenant, stream), tokenOf(request))
  } catch (error) {
    if (error instanceof ServiceError) return undefined
    throw error
  }
}
