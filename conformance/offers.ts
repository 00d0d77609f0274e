import { randomBytes } from 'node:crypto'
import type { IceCredentials } from '#load/ice-client.ts'
import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { type ClientTransport, writeOffer } from '#webrtc/sdp/client.ts'
import type { Protocol } from './check.ts'
import { has, kindOf, readSdp, type SdpText, values, writeSdp } from './sdp-text.ts'

/** Changes an offer into the one that a check is about. */
export type Change = (sdp: string) => string

export function newCredentials(): IceCredentials {
  return {
    ufrag: randomBytes(6).toString('base64url').replaceAll(/[-_]/g, '+'),
    password: randomBytes(18).toString('base64'),
  }
}

/** A browser's: H264 with RTX, and Opus, bundled; all codecs that browsers decode, for WHEP. */
export function browserOffer(
  protocol: Protocol,
  local: IceCredentials,
  fingerprint: Fingerprint,
): string {
  const transport: ClientTransport = { ...local, fingerprint, setup: 'actpass' }
  if (protocol === 'WHEP') {
    const video = ['H264', 'VP8', 'VP9', 'AV1', 'H265'] as const
    return writeOffer({ direction: 'recvonly', transport, audio: true, video })
  }
  const name = randomBytes(12).toString('base64url')
  const ssrc = randomBytes(4).readUInt32BE() & 0x7fff_fff0
  return writeOffer({
    direction: 'sendonly',
    transport,
    cname: name,
    streamId: name,
    audio: { ssrc },
    video: { ssrc: ssrc + 1, rtxSsrc: ssrc + 2, rtx: true },
  })
}

export function without(name: string): Change {
  return (sdp) => sdp.replaceAll(new RegExp(`a=${name}(?::[^\\r\\n]*)?\\r\\n`, 'g'), '')
}

/** Adds a copy of the section of this kind, under a mid of its own. */
export function twice(kind: 'audio' | 'video'): Change {
  return (sdp) => {
    const { session, media } = readSdp(sdp)
    const copied = media.find((section) => kindOf(section) === kind) ?? []
    const copy = copied
      .map((line) => (line.startsWith('a=mid:') ? 'a=mid:9' : line))
      .map((line) => line.replaceAll(/^a=ssrc(-group:FID)?:?(.*)$/g, 'a=x-$2'))
    const named = session.map((line) => (line.startsWith('a=group:BUNDLE') ? `${line} 9` : line))
    return writeSdp({ session: named, media: [...media, copy] })
  }
}

/** Leaves the video no codec that anybody has. */
export const unknownCodec: Change = (sdp) =>
  sdp.replaceAll(/a=rtpmap:(\d+) (?:H26[45]|VP[89]|AV1)\//g, 'a=rtpmap:$1 X-NONE/')

/** Port 0 and bundle-only for all but the first section (RFC 9143 §6). */
export const bundleOnly: Change = (sdp) => {
  const { session, media } = readSdp(sdp)
  const [first = [], ...rest] = media
  const later = rest.map(([heading = '', ...lines]) => [
    heading.replace(/^(m=\S+) \d+/, '$1 0'),
    ...lines,
    'a=bundle-only',
  ])
  return writeSdp({ session, media: [first, ...later] })
}

/** Transport attributes in the tagged section only (RFC 9143 §7.1.3). */
export const taggedTransport: Change = (sdp) => {
  const { session, media } = readSdp(sdp)
  const [first = [], ...rest] = media
  const isTransport = (line: string) => /^a=(?:ice-ufrag|ice-pwd|setup|fingerprint):/.test(line)
  return writeSdp({
    session,
    media: [first, ...rest.map((section) => section.filter((line) => !isTransport(line)))],
  })
}

/** An answer to a server's offer that takes all of it, as a browser writes one. */
export function answerTo(offer: string, local: IceCredentials, fingerprint: Fingerprint): string {
  const { session, media }: SdpText = readSdp(offer)
  const kept = (line: string) =>
    /^(?:m=|c=)/.test(line) ||
    /^a=(?:mid|rtpmap|fmtp|rtcp-fb|rtcp-mux|rtcp-rsize|extmap)(?::|$)/.test(line)
  const group = values(session, 'group').map((value) => `a=group:${value}`)
  return writeSdp({
    session: ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', ...group],
    media: media.map((section) => [
      ...section.filter(kept).map((line) => line.replace(/^(m=\S+) \d+/, '$1 9')),
      ...(has(section, 'rtcp-mux-only') && !has(section, 'rtcp-mux') ? ['a=rtcp-mux'] : []),
      'a=recvonly',
      'a=setup:active',
      `a=ice-ufrag:${local.ufrag}`,
      `a=ice-pwd:${local.password}`,
      `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    ]),
  })
}

export interface FragmentParts {
  readonly credentials: Partial<IceCredentials>
  /** m= line and mid of the tagged section. */
  readonly heading: string
  readonly mid: string
  readonly group: readonly string[]
  readonly lines?: readonly string[]
}

/** A trickle-ice-sdpfrag (RFC 8840 §9). */
export function writeFragment({ credentials, heading, mid, group, lines }: FragmentParts): string {
  const { ufrag, password } = credentials
  const all = [
    `a=group:BUNDLE ${group.join(' ')}`,
    heading,
    `a=mid:${mid}`,
    ...(ufrag === undefined ? [] : [`a=ice-ufrag:${ufrag}`]),
    ...(password === undefined ? [] : [`a=ice-pwd:${password}`]),
    ...(lines ?? [candidate]),
  ]
  return `${all.join('\r\n')}\r\n`
}

/** Nobody is there: RFC 5737. */
export const candidate = 'a=candidate:7 1 udp 2122260223 192.0.2.9 50123 typ host'
