import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { readBodiesAsText } from '#control/http/bodies.ts'
import { HttpError } from '#control/http/http-error.ts'
import { jsonOf, jsonType, largestJson } from '#control/http/json-body.ts'
import { refuseOtherMethods } from '#control/http/methods.ts'
import { checkAccess, type SessionAccess } from '#control/http/session-access.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { type EventName, eventNames } from './event-queue.ts'
import type { EventSink, EventStream } from './event-stream.ts'

/** What the routes need of the events; the specs pass a fake. */
interface Events {
  subscribe(id: string, wanted?: Iterable<EventName>): string | undefined
  stream(id: string, stream: string): EventStream | undefined
  end(id: string, stream: string): void
}

export interface EventOptions {
  readonly access: SessionAccess
  readonly events: Events
  readonly clock: Clock
  readonly limiter: RateLimiter
}

interface EventRoute {
  Params: { readonly id: string }
}

interface StreamRoute {
  Params: { readonly id: string; readonly stream: string }
}

const url = '/session/:id/sse'
const streamUrl = '/session/:id/sse/:stream'
const eventStreamType = 'text/event-stream'

/** Events of a viewer's session (WHEP extension `server-sent-events`, WHEP-73..97). */
export const eventRoutes: FastifyPluginAsync<EventOptions> = async (app, options) => {
  const { access, events, clock, limiter } = options

  readBodiesAsText(app)
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'OPTIONS') limiter.admit(request.ip, clock.now())
  })

  app.post<EventRoute>(url, { bodyLimit: largestJson }, async (request, reply) => {
    const { id } = request.params
    await checkAccess(access, id, request)
    const stream = subscribe(id, wantedEvents(request))
    return reply
      .status(201)
      .headers({ location: `/session/${id}/sse/${stream}`, 'cache-control': 'no-store' })
      .send()
  })

  // Players in the field open an EventSource on the announced URL, without asking first
  // (WHEP-85): all events, for as long as they stay.
  app.get<EventRoute>(url, { exposeHeadRoute: false }, async (request, reply) => {
    const { id } = request.params
    await checkAccess(access, id, request)
    const stream = subscribe(id)
    send(events.stream(id, stream)!, reply, clock, () => events.end(id, stream))
  })

  app.get<StreamRoute>(streamUrl, { exposeHeadRoute: false }, async (request, reply) => {
    const { id, stream } = request.params
    await checkAccess(access, id, request)
    const found = events.stream(id, stream)
    if (!found) throw new HttpError(404, 'there is no such event stream, or it has ended')
    send(found, reply, clock, () => {})
  })

  app.delete<StreamRoute>(streamUrl, async (request, reply) => {
    const { id, stream } = request.params
    await checkAccess(access, id, request)
    events.end(id, stream)
    return reply.status(200).send()
  })

  answerOthers(url, ['OPTIONS', 'POST', 'GET'])
  answerOthers(streamUrl, ['OPTIONS', 'GET', 'DELETE'])

  // The session may have ended while its token was looked at.
  function subscribe(id: string, wanted?: readonly EventName[]): string {
    const stream = events.subscribe(id, wanted)
    if (stream === undefined) throw new HttpError(404, 'the session has ended')
    return stream
  }

  function answerOthers(address: string, methods: readonly string[]): void {
    app.options(address, async (_request, reply) =>
      reply.headers({ allow: methods.join(', '), 'accept-post': jsonType }).send(),
    )
    refuseOtherMethods(app, address, methods)
  }
}

/**
 * @returns undefined without a body: all events
 * @throws HttpError 400 for what is no list of events that we have (WHEP-76)
 */
function wantedEvents(request: FastifyRequest): EventName[] | undefined {
  if (request.body === undefined || request.body === '') return undefined
  const list = jsonOf(request)
  if (!Array.isArray(list)) throw new HttpError(400, 'send a JSON list of names of events')
  return list.map((name: unknown) => {
    const known = eventNames.find((event) => event === name)
    if (known) return known
    const shown = JSON.stringify(name).slice(0, 64)
    throw new HttpError(400, `there is no event ${shown}: there are ${eventNames.join(', ')}`)
  })
}

// Not by Fastify: it would hold the headers back until there is an event, and write a line to the
// log for each page that leaves.
function send(events: EventStream, reply: FastifyReply, clock: Clock, gone: () => void): void {
  reply.hijack()
  const { raw } = reply
  if (raw.destroyed) {
    gone()
    return
  }
  const sink: EventSink = {
    write: (text) => raw.write(text),
    end: () => raw.end(),
    destroy: () => raw.destroy(),
  }
  raw.on('drain', () => events.drained(clock.now()))
  raw.once('close', () => {
    events.disconnected(sink)
    gone()
  })
  reply.headers({
    'content-type': eventStreamType,
    'cache-control': 'no-store',
    // Else nginx gathers events until it has a page of them.
    'x-accel-buffering': 'no',
  })
  for (const [name, value = ''] of Object.entries(reply.getHeaders())) raw.setHeader(name, value)
  events.connect(sink, clock.now())
}
