import type { SessionTrail } from '#control/audit/session-trail.ts'
import type { Authority } from '#control/authority.ts'
import type { CreatedSession } from '#control/http/created-session.ts'
import type { OfferRequest } from '#control/http/endpoint-routes.ts'

interface Recording {
  readonly kind: 'whip' | 'whep'
  readonly authority: Pick<Authority, 'redeem'>
  readonly trail: Pick<SessionTrail, 'begun'>
}

/** Opens sessions by `open`, uses up tokens that are good once, and writes both down. */
export function recorded<Request extends Omit<OfferRequest, 'offer'>>(
  open: (request: Request) => CreatedSession | Promise<CreatedSession>,
  { kind, authority, trail }: Recording,
): (request: Request) => Promise<CreatedSession> {
  return async (request) => {
    const { name, principal, address } = request
    const giveBack = authority.redeem(principal)
    try {
      const session = await open(request)
      trail.begun({ id: session.id, kind, name, principal, address })
      return session
    } catch (error) {
      giveBack()
      throw error
    }
  }
}
