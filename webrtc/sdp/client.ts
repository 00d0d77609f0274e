import { randomBytes } from 'node:crypto'
import type { VideoCodec } from '#rtp/codecs/video-codec.ts'
import type { Fingerprint } from '#webrtc/dtls/fingerprint.ts'
import { addressBytes, addressText } from '#webrtc/ip-address.ts'
import type { CandidateAddress } from './candidate.ts'
import { publishSections, viewSections } from './client-sections.ts'
import { malformed } from './lines.ts'
import { parseSessionDescription, type SessionDescription } from './session-description.ts'

/** A client's end of a session that it offers. */
export interface ClientTransport {
  readonly ufrag: string
  readonly password: string
  readonly fingerprint: Fingerprint
  readonly setup: 'actpass' | 'active' | 'passive'
}

/** H264 as OBS offers it, unless it has RTX. */
export interface OfferedVideo {
  /** Of a single stream. Those of layers are learnt from their packets. */
  readonly ssrc?: number
  /** RIDs of simulcast layers, in order of `a=simulcast` (RFC 8853 §5.1). */
  readonly rids?: readonly string[]
  /** With RTX and transport-wide feedback, as a browser. */
  readonly rtx?: boolean
  /** SSRC of the retransmissions, where `ssrc` is told. */
  readonly rtxSsrc?: number
}

/** Publishes H264 and Opus. */
export interface PublishOffer {
  readonly direction: 'sendonly'
  readonly transport: ClientTransport
  readonly cname: string
  /** Names the MediaStream. */
  readonly streamId: string
  readonly audio?: { readonly ssrc: number }
  readonly video?: OfferedVideo
}

/** Views the way Chromium does: RTX, transport-wide feedback, playout delay. */
export interface ViewOffer {
  readonly direction: 'recvonly'
  readonly transport: ClientTransport
  readonly audio: boolean
  /** In order of preference; empty for no video at all. */
  readonly video: readonly VideoCodec[]
}

/** An offer for a WHIP or WHEP server, without candidates: the server learns the address. */
export function writeOffer(offer: PublishOffer | ViewOffer): string {
  const sections = offer.direction === 'sendonly' ? publishSections(offer) : viewSections(offer)
  const mids = sections.map((_, index) => index).join(' ')
  const { algorithm, value } = offer.transport.fingerprint
  const isObs = offer.direction === 'sendonly' && !offer.video?.rtx
  const head = [
    'v=0',
    // libdatachannel signs with "rtc", and servers adapt to that name.
    `o=${isObs ? 'rtc' : '-'} ${randomBytes(4).readUInt32BE(0)} 0 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids}`,
    ...(isObs ? [`a=group:LS ${mids}`] : ['a=extmap-allow-mixed']),
    'a=msid-semantic:WMS *',
    'a=ice-options:ice2,trickle',
    `a=fingerprint:${algorithm} ${value}`,
  ]
  const body = sections.flatMap(({ heading, extensions, lines }, mid) => [
    `m=${heading}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    ...extensions.map(([id, uri]) => `a=extmap:${id} ${uri}`),
    `a=${offer.direction}`,
    ...lines,
    `a=setup:${offer.transport.setup}`,
    `a=ice-ufrag:${offer.transport.ufrag}`,
    `a=ice-pwd:${offer.transport.password}`,
  ])
  return `${[...head, ...body].join('\r\n')}\r\n`
}

/** A server's answer, from whatever server. */
export interface Answer extends SessionDescription {
  /** The server's DTLS role: `active` is the client. */
  readonly setup: 'active' | 'passive'
  /** UDP addresses of component 1, best first, IPv6 in canonical form. Names are left out. */
  readonly addresses: readonly CandidateAddress[]
}

/** @throws ServiceError `malformed-sdp` */
export function parseAnswer(sdp: string): Answer {
  const description = parseSessionDescription(sdp)
  // A silent answer to an offer that is silent, too, is passive (RFC 4145 §4).
  const { setup = 'passive', ice, fingerprints } = description
  if (setup !== 'active' && setup !== 'passive') {
    throw malformed('a=setup of an answer is neither active nor passive')
  }
  if (fingerprints.length === 0) throw malformed('it has no a=fingerprint of the SHA-2 family')
  const addresses = ice.candidates
    .filter(({ transport, component }) => transport === 'udp' && component === 1)
    .toSorted((one, other) => other.priority - one.priority)
    .flatMap(({ address, port }) => {
      const bytes = addressBytes(address)
      return bytes && port !== 0 ? { address: addressText(bytes), port } : []
    })
  const seen = new Set<string>()
  return {
    ...description,
    setup,
    addresses: addresses.filter(({ address, port }) => {
      const key = `${address} ${port}`
      return !seen.has(key) && seen.add(key)
    }),
  }
}
