import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type AuditLog, nodeChain } from '#control/audit/audit-log.ts'
import type { Authority } from '#control/authority.ts'
import { nothingHere } from '#control/grant.ts'
import type { Principal } from '#control/principal.ts'
import type { RateLimiter } from '#control/rate-limiter.ts'
import type { Revocations } from '#control/revocations.ts'
import type { Revocation, RevokedThing } from '#control/store.ts'
import type { Clock } from '#core/clock.ts'
import { namePattern } from '#core/stream-name.ts'
import { HttpError } from './http-error.ts'
import { checkedJson, largestJson } from './json-body.ts'
import { tokenOf } from './token.ts'

export interface RevocationOptions {
  readonly authority: Authority
  readonly revocations: Revocations
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly limiter: RateLimiter
  /** Ends what is open with what was revoked. @returns how many sessions that were */
  readonly revoked: () => number
}

const words = { minLength: 1, maxLength: 256 }
const Thing = {
  kind: Type.Enum(['token', 'key', 'subject']),
  value: Type.String(words),
  tenant: Type.Optional(Type.String({ pattern: namePattern })),
}
const RevocationBody = Type.Object(
  {
    ...Thing,
    /** When such tokens have expired: the revocation may be forgotten then. */
    until: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{5,15}Z$' })),
    reason: Type.Optional(Type.String(words)),
  },
  { additionalProperties: false },
)
type RevocationBody = Static<typeof RevocationBody>

const Address = Type.Object(Thing)

const shape =
  '{"kind": "token", "key" or "subject", "value": a jti, a kid or the id of a static key, or a ' +
  'sub, "tenant"?, "until"?: a date as 2030-01-31T00:00:00Z, "reason"?}'

const url = '/api/v1/revocations'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who administers; set on routes that take this only. */
    administrator: Principal | undefined
  }
}

/**
 * What opens nothing any more, for whoever may administer: of their own tenant, or of all where
 * their key is of none. Acts are on record before they are answered (SEC-69).
 */
export const revocationRoutes: FastifyPluginAsync<RevocationOptions> = async (app, options) => {
  const { authority, revocations, audit, clock, limiter, revoked } = options

  app.decorateRequest('administrator', undefined)
  // Before the body is read: who may not ask does not hear what is wrong with it.
  app.addHook('onRequest', async (request) => {
    limiter.admit(request.ip, clock.now())
    request.administrator = await authority.authorize('admin', undefined, tokenOf(request))
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  // What was announced by the record before it is taken back by one behind it.
  const orRecorded = async (
    act: () => Promise<unknown>,
    request: FastifyRequest,
    thing: RevokedThing,
  ) => {
    try {
      await act()
    } catch (error) {
      await audit.append(eventOf('revocation.fail', request, thing))
      throw error
    }
  }

  app.get(url, async ({ administrator }) => ({
    revocations: revocations.list(administrator?.tenant).map(shown),
  }))

  app.post(url, { bodyLimit: largestJson }, async (request, reply) => {
    const { until, ...body } = revocationBody(request.body)
    const thing = { ...body, ...scopeOf(request, body.tenant) }
    const revocation: Revocation = {
      ...thing,
      at: clock.wall(),
      ...(until !== undefined && { until: Date.parse(until) }),
    }
    const { at: _at, ...detail } = shown(revocation)
    await audit.append({ ...eventOf('revocation.create', request, revocation), detail })
    await orRecorded(() => revocations.add(revocation), request, revocation)
    return reply.status(201).send({ ...shown(revocation), ended: revoked() })
  })

  app.delete<{ Params: { kind: string; value: string }; Querystring: { tenant?: unknown } }>(
    `${url}/:kind/:value`,
    async (request, reply) => {
      const { tenant } = request.query
      const asked = { ...request.params, ...(tenant !== undefined && { tenant }) }
      if (!Value.Check(Address, asked)) throw nothingHere()
      const thing = { ...asked, ...scopeOf(request, asked.tenant) }
      if (!revocations.has(thing)) throw nothingHere()
      await audit.append(eventOf('revocation.delete', request, thing))
      await orRecorded(() => revocations.delete(thing), request, thing)
      return reply.status(204).send()
    },
  )
}

function revocationBody(sent: unknown): RevocationBody {
  const body = checkedJson(RevocationBody, sent, shape)
  if (body.until !== undefined && Number.isNaN(Date.parse(body.until))) {
    throw new HttpError(400, `until is no date: send ${shape}`)
  }
  return body
}

/** @throws ServiceError `not-found` where another tenant is named */
function scopeOf({ administrator }: FastifyRequest, tenant: string | undefined) {
  const own = administrator?.tenant
  if (own !== undefined && tenant !== undefined && tenant !== own) throw nothingHere()
  const scope = own ?? tenant
  return scope === undefined ? {} : { tenant: scope }
}

function eventOf(event: string, { administrator }: FastifyRequest, thing: RevokedThing) {
  return {
    tenant: thing.tenant ?? nodeChain,
    actor: administrator?.id ?? 'unknown',
    event,
    target: `${thing.kind} ${thing.value}`.toWellFormed(),
  }
}

function shown({ at, until, ...rest }: Revocation) {
  return {
    ...rest,
    at: new Date(at).toISOString(),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  }
}
