import { ServiceError } from '#core/errors.ts'
import { isActive, type MediaDescription } from './media-description.ts'
import { parseSessionDescription, type SessionDescription } from './session-description.ts'

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
  const { media, setup = 'active', ice, fingerprints } = description
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw unacceptable('a=setup is none of actpass, active and passive; offer actpass')
  }
  if (ice.lite) throw unacceptable('it says a=ice-lite, as we do; the client must be a full agent')
  if (fingerprints.length === 0) {
    throw unacceptable('it has no a=fingerprint with sha-256, sha-384 or sha-512; add one')
  }
  refuseConflicts(media)
  const active = media.filter(isActive)
  if (active.length === 0) throw unacceptable('all its m= sections are switched off by port 0')
  refuseUnbundled(description, active)
  for (const section of active) refuseUnsupportedTransport(section)
  return { ...description, setup }
}

/** @param problem what is wrong and what to do, as a clause without a full stop */
export function unacceptable(problem: string): ServiceError {
  return new ServiceError('unacceptable-offer', `this offer cannot be accepted: ${problem}`)
}

// One group with every section (RFC 9725 §4.4.1). A single section needs no group.
function refuseUnbundled(
  { bundle }: SessionDescription,
  active: readonly MediaDescription[],
): void {
  if (active.length === 1 && bundle.length === 0) return
  const outside = active.find(({ mid }) => !bundle.includes(mid))
  if (outside) {
    throw unacceptable(
      `section "${outside.mid}" is not in the BUNDLE group; put all sections into one group`,
    )
  }
}

function refuseUnsupportedTransport({ kind, mid, protocol, rtcpMux }: MediaDescription): void {
  if (kind !== 'audio' && kind !== 'video') return
  if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/i.test(protocol)) {
    throw unacceptable(`section "${mid}" is not DTLS-SRTP; offer UDP/TLS/RTP/SAVPF`)
  }
  if (!rtcpMux) throw unacceptable(`section "${mid}" lacks a=rtcp-mux; add it`)
}

// In a bundle these names are shared by all sections: two meanings would make media ambiguous.
function refuseConflicts(media: readonly MediaDescription[]): void {
  refuseRepeated(
    media.map(({ mid }) => mid),
    'a=mid',
  )
  refuseRepeated(
    media.flatMap(({ ssrcs }) => ssrcs.map(({ ssrc }) => ssrc)),
    'a=ssrc',
  )
  for (const { rids } of media) {
    refuseRepeated(
      rids.map(({ id }) => id),
      'a=rid',
    )
  }
  const uris = new Map<number, string>()
  for (const { id, uri } of media.flatMap(({ extensions }) => extensions)) {
    if ((uris.get(id) ?? uri) !== uri) {
      throw unacceptable(`a=extmap id ${id} stands for two extensions; use each id once`)
    }
    uris.set(id, uri)
  }
}

function refuseRepeated(names: readonly (string | number)[], attribute: string): void {
  const seen = new Set<string | number>()
  for (const name of names) {
    if (seen.has(name)) {
      throw unacceptable(`${attribute} ${name} stands for two things; use each name once`)
    }
    seen.add(name)
  }
}
