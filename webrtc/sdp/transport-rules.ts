import type { ServiceError } from '#core/errors.ts'
import { isActive, type MediaDescription } from './media-description.ts'
import type { SessionDescription } from './session-description.ts'

/**
 * Makes the error for a description that can be read but not used.
 *
 * @param problem what is wrong and what to do, as a clause without a full stop
 */
type Refusal = (problem: string) => ServiceError

/**
 * What an ICE-lite agent that bundles everything asks of the other side, whether that offers or
 * answers (RFC 9725 §4.4, draft-ietf-wish-whep §4.6).
 *
 * @throws ServiceError as `refuse` makes it
 */
export function checkTransport(description: SessionDescription, refuse: Refusal): void {
  const { media, ice, fingerprints } = description
  if (ice.lite) throw refuse('it says a=ice-lite, as we do; the client must be a full agent')
  if (fingerprints.length === 0) {
    throw refuse('it has no a=fingerprint with sha-256, sha-384 or sha-512; add one')
  }
  refuseConflicts(media, refuse)
  const active = media.filter(isActive)
  if (active.length === 0) throw refuse('all its m= sections are switched off by port 0')
  refuseUnbundled(description, active, refuse)
  for (const section of active) refuseUnsupportedTransport(section, refuse)
}

// One group with every section (RFC 9725 §4.4.1). A single section needs no group.
function refuseUnbundled(
  { bundle }: SessionDescription,
  active: readonly MediaDescription[],
  refuse: Refusal,
): void {
  if (active.length === 1 && bundle.length === 0) return
  const outside = active.find(({ mid }) => !bundle.includes(mid))
  if (outside) {
    throw refuse(
      `section "${outside.mid}" is not in the BUNDLE group; put all sections into one group`,
    )
  }
}

function refuseUnsupportedTransport(section: MediaDescription, refuse: Refusal): void {
  const { kind, mid, protocol, rtcpMux } = section
  if (kind !== 'audio' && kind !== 'video') return
  if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/i.test(protocol)) {
    throw refuse(`section "${mid}" is not DTLS-SRTP; use UDP/TLS/RTP/SAVPF`)
  }
  if (!rtcpMux) throw refuse(`section "${mid}" lacks a=rtcp-mux; add it`)
}

// In a bundle these names are shared by all sections: two meanings would make media ambiguous.
function refuseConflicts(media: readonly MediaDescription[], refuse: Refusal): void {
  refuseRepeated(
    media.map(({ mid }) => mid),
    'a=mid',
    refuse,
  )
  refuseRepeated(
    media.flatMap(({ ssrcs }) => ssrcs.map(({ ssrc }) => ssrc)),
    'a=ssrc',
    refuse,
  )
  for (const { rids } of media) {
    refuseRepeated(
      rids.map(({ id }) => id),
      'a=rid',
      refuse,
    )
  }
  const uris = new Map<number, string>()
  for (const { id, uri } of media.flatMap(({ extensions }) => extensions)) {
    if ((uris.get(id) ?? uri) !== uri) {
      throw refuse(`a=extmap id ${id} stands for two extensions; use each id once`)
    }
    uris.set(id, uri)
  }
}

function refuseRepeated(
  names: readonly (string | number)[],
  attribute: string,
  refuse: Refusal,
): void {
  const seen = new Set<string | number>()
  for (const name of names) {
    if (seen.has(name)) {
      throw refuse(`${attribute} ${name} stands for two things; use each name once`)
    }
    seen.add(name)
  }
}
