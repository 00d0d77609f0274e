import { readFileSync } from 'node:fs'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { CreatedSession } from '#control/http/created-session.ts'
import type { EndpointServices, OfferRequest } from '#control/http/endpoint-routes.ts'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import type { RestartAnswer, Session } from '#control/sessions.ts'
import type { ServiceError } from '#core/errors.ts'
import { type InviteRequest, whepRoutes } from '#edge/whep-routes.ts'
import { whipRoutes } from '#ingest/whip-routes.ts'
import type { CorsOptions } from '#server/cors.ts'
import { createHttpApp } from '#server/http-app.ts'
import { type Sessions, sessionRoutes } from '#server/session-routes.ts'

/** As `randomId` makes them. */
export const sessionId = 'AAECAwQFBgcICQoLDA0ODw'
/** Of a session whose offer was not answered in time. */
export const unansweredId = 'EBESExQVFhcYGRobHB0eHw'
export const tag = '"1"'

/** The media side, which remembers what it was asked and does as it is told. */
export class FakeMedia implements Sessions {
  readonly offers: OfferRequest[] = []
  readonly fragments: string[] = []
  readonly ended: string[] = []
  readonly invitations: InviteRequest[] = []
  /** Of the next session, if our SDP shall be an offer in place of the client's. */
  counterOffer: CreatedSession['counterOffer']
  /** Thrown at the next offer or fragment. */
  refusal: ServiceError | undefined
  /** What the next fragment is answered with, if it shall have restarted ICE. */
  restart: RestartAnswer | undefined
  /** The token of the one session there is. */
  token = 'key-1'

  publish(request: OfferRequest): CreatedSession {
    return this.#accept(request)
  }

  watch(request: OfferRequest): CreatedSession {
    return this.#accept(request)
  }

  invite(request: InviteRequest): CreatedSession {
    if (this.refusal) throw this.refusal
    this.invitations.push(request)
    return { id: sessionId, answer: 'v=0\r\n', etag: tag }
  }

  get(id: string): Session | undefined {
    return id === sessionId && !this.ended.includes(id) ? this.#session : undefined
  }

  unanswered(id: string): boolean {
    return id === unansweredId
  }

  tokenMatches(_id: string, token: string): boolean | Promise<boolean> {
    return token === this.token
  }

  readonly #session: Session = {
    principal: principalOf('key-1'),
    etag: tag,
    restarted: false,
    patch: (fragment) => {
      if (this.refusal) throw this.refusal
      this.fragments.push(fragment)
      return this.restart
    },
    end: () => this.ended.push(sessionId),
  }

  /** Makes the one session wait for an answer, or have been restarted. */
  become(state: Pick<Partial<Session>, 'answer' | 'restarted'>): void {
    Object.assign(this.#session, state)
  }

  #accept(request: OfferRequest): CreatedSession {
    if (this.refusal) throw this.refusal
    this.offers.push(request)
    const { counterOffer } = this
    return { id: sessionId, answer: 'v=0\r\n', etag: tag, ...(counterOffer && { counterOffer }) }
  }
}

export interface FakeServerOptions extends Partial<EndpointServices>, Partial<CorsOptions> {
  readonly trustProxy?: string
  readonly media?: FakeMedia
}

/** Endpoints and sessions as the server registers them, in front of a fake media side. */
export async function fakeServer(options: FakeServerOptions = {}): Promise<FastifyInstance> {
  const { media = new FakeMedia(), origins = '*', trustProxy } = options
  const services: EndpointServices = {
    authority: new Permissions({
      publishKeys: ['key-1'],
      playTokens: [],
      allowAnonymousPublish: false,
    }),
    clock: { now: () => 1000, wall: () => 0 },
    limiter: new RateLimiter(),
    iceServers: [],
    ...options,
  }
  const app = createHttpApp({ origins, ...(trustProxy && { trustProxy }) })
  await app.register(whipRoutes, { ...services, publishers: media })
  await app.register(whepRoutes, { ...services, viewers: media })
  await app.register(sessionRoutes, { ...services, sessions: media })
  return app
}

/** A POST that nothing is wrong with; spread it and change what the case is about. */
export const goodPost = {
  method: 'POST',
  url: '/whip/main',
  headers: { 'content-type': 'application/sdp', authorization: 'Bearer key-1' },
  payload: 'v=0\r\n',
} satisfies InjectOptions

/** A PATCH that nothing is wrong with. */
export const goodPatch = {
  method: 'PATCH',
  url: `/session/${sessionId}`,
  headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': tag },
  payload: 'a=end-of-candidates\r\n',
} satisfies InjectOptions

/**
 * A request as a real client sent it: `vectors/` holds captures of the client named, made on
 * loopback, with the session called 0123456789ab and addresses replaced.
 */
export function recordedRequest(name: string): InjectOptions {
  const text = readFileSync(new URL(`../server/vectors/${name}.http`, import.meta.url), 'utf8')
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const [method = '', url = ''] = start.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  // `inject` counts the body itself, and the capture's tool ends a body with a line of its own.
  delete headers['content-length']
  const payload = rest.join('\r\n\r\n')
  return {
    method: method as NonNullable<InjectOptions['method']>,
    url: url.replace('0123456789ab', sessionId),
    headers,
    ...(method === 'POST' || method === 'PATCH' ? { payload } : {}),
  } as InjectOptions
}
