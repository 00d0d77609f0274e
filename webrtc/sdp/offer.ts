import { ServiceError } from '#core/errors.ts'
import { parseSessionDescription, type SessionDescription } from './session-description.ts'
import { checkTransport } from './transport-rules.ts'

/** An offer that our transport can answer; whether its media suit is for the answer to say. */
export interface Offer extends SessionDescription {
  /** `active` where the offer is silent (RFC 4145 §4). */
  readonly setup: 'actpass' | 'active' | 'passive'
}

/**
 * @throws ServiceError `malformed-sdp` for what cannot be read, `unacceptable-offer` for what can
 *   be read but not answered by an ICE-lite agent that bundles everything (RFC 9725 §4.4)
 */
export function parseOffer(sdp: string): Offer {
  const description = parseSessionDescription(sdp)
  const { setup = 'active' } = description
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw unacceptable('a=setup is none of actpass, active and passive; offer actpass')
  }
  checkTransport(description, unacceptable)
  return { ...description, setup }
}

/** @param problem what is wrong and what to do, as a clause without a full stop */
export function unacceptable(problem: string): ServiceError {
  return new ServiceError('unacceptable-offer', `this offer cannot be accepted: ${problem}`)
}
