import { createHash } from 'node:crypto'
import type { Refusal } from '#control/authority.ts'
import type { Principal } from '#control/principal.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import type { Clock } from '#core/clock.ts'
import { networkOf } from '#core/network.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import { type AuditLog, nodeChain } from './audit-log.ts'
import type { AuditEvent } from './record.ts'

/** How much of an address goes on record (SEC-73). */
export type AddressDetail = 'none' | 'network' | 'full'

/** A session as it begins. */
export interface Beginning {
  readonly id: string
  readonly kind: 'whip' | 'whep'
  readonly name: StreamName
  readonly principal: Principal
  readonly address: string
}

export interface TrailOptions {
  readonly audit: Pick<AuditLog, 'note'>
  readonly clock: Clock
  readonly addresses: AddressDetail
}

/** Refusals that go on record, per chain: a flood of bad tokens must not fill the disk. */
const refusalRate = { perSecond: 1, burst: 20 }
/**
 * Sessions that go on record, per address, of viewers whom no issuer has named: they open and end
 * them for nothing, and each takes 600 bytes.
 */
const viewerRate = { perSecond: 1, burst: 200 }

/** What sessions and tokens leave in the audit log (SEC-72). */
export class SessionTrail {
  readonly #options: TrailOptions
  readonly #open = new Map<string, AuditEvent>()
  readonly #refusals = new RateLimiter(refusalRate, 'with this key')
  readonly #viewers = new RateLimiter(viewerRate)
  #unrecorded = 0
  #unrecordedViewers = 0

  constructor(options: TrailOptions) {
    this.#options = options
  }

  begun({ id, kind, name, principal, address }: Beginning): void {
    // Only an issuer's token says until when it is good.
    const isNobodys = kind === 'whep' && principal.expiresAt === undefined
    if (isNobodys && this.#viewers.take(address, this.#options.clock.now()) > 0) {
      this.#unrecordedViewers++
      return
    }
    const unrecorded = this.#unrecordedViewers
    this.#unrecordedViewers = 0
    const ip = addressFor(address, this.#options.addresses)
    const session = {
      tenant: name.tenant,
      actor: principal.id,
      target: `session ${hashed(id)}`,
      ...(ip !== undefined && { ip }),
    }
    const { subject, tokenId } = principal
    const detail = {
      kind,
      stream: streamKey(name),
      ...(subject !== undefined && { subject: subject.toWellFormed() }),
      ...(tokenId !== undefined && { jti: tokenId.toWellFormed() }),
      ...(unrecorded > 0 && { unrecorded }),
    }
    this.#open.set(id, {
      ...session,
      event: 'session.end',
      detail: { kind, stream: detail.stream },
    })
    this.#options.audit.note({ ...session, event: 'session.create', detail })
  }

  /** @param reason why, as the metrics name it */
  ended(id: string, reason: string): void {
    const session = this.#open.get(id)
    if (!session) return
    this.#open.delete(id)
    if (reason === 'replaced' || reason === 'claim-lost') {
      this.#options.audit.note({ ...session, event: 'publish.takeover' })
    }
    this.#options.audit.note({ ...session, detail: { ...session.detail, reason } })
  }

  /** Of those who sent a token; who sent none has not tried. */
  refused({ code, action, name, token, principal }: Refusal): void {
    if (token === undefined) return
    // Whose tenant it is must be proved: anybody can write any name into a URL.
    const tenant = principal?.tenant ?? nodeChain
    if (this.#refusals.take(tenant, this.#options.clock.now()) > 0) {
      this.#unrecorded++
      return
    }
    const unrecorded = this.#unrecorded
    this.#unrecorded = 0
    this.#options.audit.note({
      tenant,
      actor: principal?.id ?? 'unknown',
      event: 'token.reject',
      target: name ? streamKey(name) : 'any',
      detail: { code, action, token, ...(unrecorded > 0 && { unrecorded }) },
    })
  }
}

/** A session's id is a capability: what is on record only tells two sessions apart. */
function hashed(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}

/** 24 bits of IPv4, 48 of IPv6: the network of a customer at most. */
function addressFor(address: string, detail: AddressDetail): string | undefined {
  if (detail === 'none') return undefined
  if (detail === 'full') return address
  const network = networkOf(address, 3)
  return network.includes(':') ? `${network}::/48` : `${network.replace(/\d+$/, '0')}/24`
}
