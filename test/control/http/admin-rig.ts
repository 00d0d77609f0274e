import type { FastifyInstance } from 'fastify'
import type { AuditEvent } from '#control/audit/record.ts'
import { Permissions } from '#control/permissions.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import { ServiceError } from '#core/errors.ts'
import { createHttpApp } from '#server/http-app.ts'

/** Of a key that administers all tenants, and of one that does the tenant "acme". */
export const root = { authorization: 'Bearer root-key' }
export const acme = { authorization: 'Bearer acme-key' }

/** What routes of administrators stand on, and what they have put on record. */
export class AdminRig {
  readonly app: FastifyInstance = createHttpApp({ origins: '*' })
  readonly events: AuditEvent[] = []
  readonly limiter = new RateLimiter()
  readonly authority = new Permissions({
    publishKeys: ['publish-key'],
    playTokens: [],
    adminKeys: ['root-key', 'acme-key@acme'],
    allowAnonymousPublish: false,
  })
  readonly audit: { append(event: AuditEvent): Promise<void> }

  /** @param failing nothing can be put on record */
  constructor(failing: boolean) {
    this.audit = {
      append: async (event) => {
        if (failing) throw new ServiceError('audit-failed', 'no')
        this.events.push(event)
      },
    }
  }
}
