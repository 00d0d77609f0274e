import { randomBytes } from 'node:crypto'
import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { candidateLines, type HostCandidate } from './candidate.ts'
import type { MediaDescription, SdpCodec, SdpExtension } from './media-description.ts'
import type { Offer } from './offer.ts'
import type { SessionDescription } from './session-description.ts'

/** Our end of a session, as its answer tells it. */
export interface LocalTransport {
  readonly ufrag: string
  readonly password: string
  readonly fingerprint: Fingerprint
  /** UDP, the preferred one first: a client that tries only one takes that. */
  readonly candidates: readonly HostCandidate[]
}

/** What both sides have agreed on for the one transport under all media. */
export interface NegotiatedTransport {
  /** Our role. Client wherever the offer allows: that saves a round trip. */
  readonly dtlsRole: 'client' | 'server'
  readonly remoteUfrag: string
  readonly remotePassword: string
  /** The peer's certificate must match one of them. */
  readonly remoteFingerprints: readonly Fingerprint[]
}

/** @param remote the peer's offer, or its answer to ours */
export function negotiateTransport(
  remote: Pick<SessionDescription, 'ice' | 'fingerprints'> & { readonly setup: string },
): NegotiatedTransport {
  const { setup, ice, fingerprints } = remote
  return {
    dtlsRole: setup === 'active' ? 'server' : 'client',
    remoteUfrag: ownText(ice.ufrag),
    remotePassword: ownText(ice.password),
    remoteFingerprints: fingerprints.map(({ algorithm, value }) => ({
      algorithm,
      value: ownText(value),
    })),
  }
}

/** A piece of a string keeps the whole of it in memory: a session would hold its offer. */
export function ownText(text: string): string {
  return Buffer.from(text).toString()
}

/** The answer to one section: without `accepted` it is refused (RFC 3264 §6). */
export interface AnswerSection {
  readonly media: SectionFrame
  readonly accepted?: AcceptedSection
}

/** What an answer repeats of the offer's section, and an offer of ours says by itself. */
type SectionFrame = Pick<
  MediaDescription,
  'kind' | 'protocol' | 'mid' | 'formats' | 'rtcpMuxOnly' | 'rtcpRsize' | 'extmapAllowMixed'
>

export interface AcceptedSection {
  readonly direction: 'sendonly' | 'recvonly' | 'inactive'
  /** In our order of preference. */
  readonly codecs: readonly SdpCodec[]
  /** Values of `a=rtcp-fb` that we understand; those that were offered are answered. */
  readonly feedback: readonly string[]
  readonly extensions: readonly SdpExtension[]
  /** Whatever else belongs to the section. */
  readonly lines: readonly string[]
}

/** @param sections one for each section of the offer, in its order */
export function writeAnswer(
  offer: Offer,
  local: LocalTransport,
  sections: readonly AnswerSection[],
): string {
  return writeDescription({
    ...offer,
    local,
    setup: offer.setup === 'active' ? 'passive' : 'active',
    bundled: offer.bundle.length > 0,
    sections,
  })
}

interface DescriptionParts {
  readonly local: LocalTransport
  readonly setup: 'actpass' | 'active' | 'passive'
  readonly bundled: boolean
  readonly extmapAllowMixed: boolean
  readonly msidSemantic: boolean
  readonly sections: readonly AnswerSection[]
}

/** Our side of a session, whether it is the offer or the answer. */
export function writeDescription(parts: DescriptionParts): string {
  const { local, setup, bundled, extmapAllowMixed, msidSemantic, sections } = parts
  const transport = [
    `a=ice-ufrag:${local.ufrag}`,
    `a=ice-pwd:${local.password}`,
    `a=fingerprint:${local.fingerprint.algorithm} ${local.fingerprint.value}`,
    `a=setup:${setup}`,
  ]
  const accepted = sections.filter((section) => section.accepted)
  const lines = [
    'v=0',
    `o=- ${randomBytes(6).readUIntBE(0, 6)} 1 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    ...(bundled ? [`a=group:BUNDLE ${accepted.map(({ media }) => media.mid).join(' ')}`] : []),
    ...(extmapAllowMixed ? ['a=extmap-allow-mixed'] : []),
    ...(msidSemantic ? ['a=msid-semantic: WMS *'] : []),
    'a=ice-lite',
  ]
  for (const section of sections) {
    // One list of candidates is enough for a bundle, and an answer has to stay short.
    const candidates = section === accepted[0] ? candidateLines(local.candidates) : []
    lines.push(...sectionLines(section, transport, candidates))
  }
  return `${lines.join('\r\n')}\r\n`
}

function sectionLines(
  { media, accepted }: AnswerSection,
  transport: readonly string[],
  candidates: readonly string[],
): string[] {
  const { kind, protocol, mid } = media
  if (!accepted) {
    const format = media.formats[0]!
    return [`m=${kind} 0 ${protocol} ${format}`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=inactive']
  }
  const { direction, codecs, feedback, extensions } = accepted
  return [
    `m=${kind} 9 ${protocol} ${codecs.flatMap(payloadTypes).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    ...transport,
    ...candidates,
    ...(candidates.length > 0 ? ['a=end-of-candidates'] : []),
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    ...(media.rtcpMuxOnly ? ['a=rtcp-mux-only'] : []),
    ...(media.rtcpRsize ? ['a=rtcp-rsize'] : []),
    ...(media.extmapAllowMixed ? ['a=extmap-allow-mixed'] : []),
    ...extensions.map(extensionLine),
    ...codecs.flatMap((codec) => codecLines(codec, feedback)),
    ...accepted.lines,
  ]
}

function payloadTypes({ payloadType, rtxPayloadType }: SdpCodec): number[] {
  return rtxPayloadType === undefined ? [payloadType] : [payloadType, rtxPayloadType]
}

function codecLines(codec: SdpCodec, understood: readonly string[]): string[] {
  const { payloadType, name, clockRate, channels, parameters, feedback, rtxPayloadType } = codec
  const encoding = channels === undefined ? clockRate : `${clockRate}/${channels}`
  const format = Array.from(parameters, ([key, value]) => (value === '' ? key : `${key}=${value}`))
  const lines = [`a=rtpmap:${payloadType} ${name}/${encoding}`]
  for (const value of understood) {
    if (feedback.has(value)) lines.push(`a=rtcp-fb:${payloadType} ${value}`)
  }
  if (format.length > 0) lines.push(`a=fmtp:${payloadType} ${format.join(';')}`)
  if (rtxPayloadType !== undefined) {
    lines.push(`a=rtpmap:${rtxPayloadType} rtx/${clockRate}`)
    lines.push(`a=fmtp:${rtxPayloadType} apt=${payloadType}`)
  }
  return lines
}

// Ids are the offer's, and a one-way extension is answered from our side (RFC 8285 §7).
const opposite = { sendonly: 'recvonly', recvonly: 'sendonly' } as const

function extensionLine({ id, uri, direction }: SdpExtension): string {
  if (direction === 'sendonly' || direction === 'recvonly') {
    return `a=extmap:${id}/${opposite[direction]} ${uri}`
  }
  return `a=extmap:${id} ${uri}`
}
