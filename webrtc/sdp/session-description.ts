import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { type IceCandidate, readCandidate } from './candidate.ts'
import { descriptionLimits, malformed, readSections, type SdpSection } from './lines.ts'
import { isActive, type MediaDescription, readMedia } from './media-description.ts'
import { attributeValue, attributeValues, fields, has } from './tokens.ts'

/** How the other side does ICE (RFC 8839 §5). */
interface IceParameters {
  readonly ufrag: string
  readonly password: string
  readonly lite: boolean
  readonly options: readonly string[]
  /** In their order. Lines that say nothing understandable are left out (RFC 8839 §5.1). */
  readonly candidates: readonly IceCandidate[]
}

/**
 * An SDP offer or answer of a WebRTC peer, typed. What BUNDLE makes common to all sections
 * (RFC 9143 §7.1.3) stands here once, taken from the tagged section or the session level.
 */
export interface SessionDescription {
  /** First field of the `o=` line: tells some programs by their name. */
  readonly originUsername: string
  readonly media: readonly MediaDescription[]
  /** Mids of the first BUNDLE group; empty without one. */
  readonly bundle: readonly string[]
  readonly ice: IceParameters
  /** Those with a hash that is still good; others are left out (RFC 8122 §5). */
  readonly fingerprints: readonly Fingerprint[]
  /** `a=setup` as written (RFC 8842 §4); which values make sense depends on who writes. */
  readonly setup?: string
  /** At session level; sections may have their own. */
  readonly extmapAllowMixed: boolean
  readonly msidSemantic: boolean
}

/** @throws ServiceError `malformed-sdp` that says what cannot be read */
export function parseSessionDescription(sdp: string): SessionDescription {
  if (!/^v=0\r?\n/.test(sdp)) throw malformed('it does not start with the line "v=0"')
  const { session, media: sections } = readSections(sdp, descriptionLimits)
  if (sections.length === 0) throw malformed('it has no m= line')
  if (sections.length > 16) throw malformed('it has more than 16 m= lines')
  const media = sections.map((section, index) => readMedia(section, session, index))
  const bundle = readBundle(session)
  const places = transportPlaces({ session, sections, media, bundle })
  const setup = first(places, 'setup')
  return {
    originUsername: fields(session.heading)[0] ?? '',
    media,
    bundle,
    ice: {
      ufrag: iceSecret(places, 'ice-ufrag', 4),
      password: iceSecret(places, 'ice-pwd', 22),
      lite: has(session, 'ice-lite'),
      options: fields(first(places, 'ice-options') ?? ''),
      candidates: sections.flatMap(readCandidates),
    },
    fingerprints: readFingerprints(places),
    ...(setup !== undefined && { setup }),
    extmapAllowMixed: has(session, 'extmap-allow-mixed'),
    msidSemantic: has(session, 'msid-semantic'),
  }
}

function readBundle(session: SdpSection): string[] {
  for (const group of attributeValues(session, 'group', 16)) {
    const [semantics, ...mids] = fields(group)
    if (semantics === 'BUNDLE') return mids
  }
  return []
}

interface Parts {
  readonly session: SdpSection
  readonly sections: readonly SdpSection[]
  readonly media: readonly MediaDescription[]
  readonly bundle: readonly string[]
}

// Where to look for transport attributes, best place first: the tagged section, the session
// level, and the rest for those who leave them out of a switched-off first section.
function transportPlaces({ session, sections, media, bundle }: Parts): SdpSection[] {
  const tagged = media.findIndex((section) => section.mid === bundle[0] && isActive(section))
  const active = tagged >= 0 ? tagged : media.findIndex(isActive)
  const own = sections[active]
  return own ? [own, session, ...sections] : [session, ...sections]
}

function first(places: readonly SdpSection[], name: string): string | undefined {
  for (const place of places) {
    const value = attributeValue(place, name)
    if (value !== undefined) return value
  }
  return undefined
}

// RFC 8839 §5.4 allows letters, digits, "+" and "/". Nothing here depends on it, so any visible
// characters are taken.
function iceSecret(places: readonly SdpSection[], name: string, shortest: number): string {
  const value = first(places, name)
  if (value === undefined) throw malformed(`it has no a=${name}`)
  if (value.length < shortest || value.length > 256 || !/^[!-~]*$/.test(value)) {
    throw malformed(`a=${name} is not ${shortest} to 256 visible characters`)
  }
  return value
}

function readCandidates(section: SdpSection): IceCandidate[] {
  return attributeValues(section, 'candidate', 64).flatMap((line) => readCandidate(line) ?? [])
}

const digestBytes: Record<Fingerprint['algorithm'], number> = {
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
}

function readFingerprints(places: readonly SdpSection[]): Fingerprint[] {
  for (const place of places) {
    const lines = attributeValues(place, 'fingerprint', 8)
    if (lines.length > 0) return lines.flatMap((line) => readFingerprint(line) ?? [])
  }
  return []
}

// a=fingerprint:<hash> <HH:HH:…> (RFC 8122 §5)
function readFingerprint(line: string): Fingerprint | undefined {
  const [name, value] = fields(line)
  const algorithm = name?.toLowerCase()
  if (algorithm !== 'sha-256' && algorithm !== 'sha-384' && algorithm !== 'sha-512') {
    return undefined
  }
  const bytes = digestBytes[algorithm]
  if (value?.length !== bytes * 3 - 1 || !/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*$/.test(value)) {
    throw malformed(`a=fingerprint:${algorithm} needs ${bytes} bytes as hex with colons`)
  }
  return { algorithm, value: value.toUpperCase() }
}
