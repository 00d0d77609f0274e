import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import {
  type AnswerSection,
  type LocalTransport,
  type NegotiatedTransport,
  negotiateTransport,
  writeAnswer,
} from './answer.ts'
import { fragments, isOpus, profileOf, videoCodecOf } from './codecs.ts'
import {
  type FidGroup,
  isActive,
  type MediaDescription,
  type SdpCodec,
  type SdpExtension,
  type SdpSsrc,
  type SimulcastStream,
} from './media-description.ts'
import { type Offer, unacceptable } from './offer.ts'

/** One track that a publisher will send, as its offer and our answer fix it. */
export interface PublishedTrack {
  readonly kind: 'audio' | 'video'
  readonly mid: string
  readonly codec: MediaCodec
  readonly payloadType: number
  readonly rtxPayloadType?: number
  /** Ticks per second of its RTP timestamps. */
  readonly clockRate: number
  readonly channels?: number
  /** Profile as the offer's text names it (`profileOf`); what the stream itself says may differ. */
  readonly profile?: string
  /** `a=fmtp` of the offer. */
  readonly parameters: ReadonlyMap<string, string>
  /** Values of `a=rtcp-fb` that both sides understand. */
  readonly feedback: ReadonlySet<string>
  /** Ids of the header extensions that it may carry. */
  readonly extensions: PublishedExtensions
  /** Whether a lone RTCP packet may travel without a report (RFC 5506). */
  readonly rtcpRsize: boolean
  /** Announced SSRCs; empty for some simulcast publishers, whose layers are known by rid alone. */
  readonly ssrcs: readonly SdpSsrc[]
  readonly fidGroups: readonly FidGroup[]
  /** Simulcast layers in the publisher's order; empty without simulcast. */
  readonly layers: readonly SimulcastStream[]
}

interface PublishedExtensions {
  readonly mid?: number
  readonly rid?: number
  readonly repairedRid?: number
  readonly transportCc?: number
  /**
   * Of VP9 and AV1 for what it tells; of VP8 for what it takes away, the PictureID (IO-68): that of
   * another encoding would have to go on where the last one stopped (SRTP-111).
   */
  readonly dependencyDescriptor?: number
}

export interface NegotiatedPublication {
  readonly transport: NegotiatedTransport
  readonly audio?: PublishedTrack
  readonly video?: PublishedTrack
}

const understoodFeedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc', 'goog-remb'] as const

const understoodExtensions = new Map<string, keyof PublishedExtensions>([
  [extensionUri.mid, 'mid'],
  [extensionUri.rid, 'rid'],
  [extensionUri.repairedRid, 'repairedRid'],
  [extensionUri.transportCc, 'transportCc'],
  [extensionUri.dependencyDescriptor, 'dependencyDescriptor'],
])

/**
 * Answers a WHIP publisher (RFC 9725 §4.2, §4.4): all of its sections or none.
 *
 * @throws ServiceError `unacceptable-offer` that names the section and what to change
 */
export function answerPublisher(
  offer: Offer,
  local: LocalTransport,
): { answer: string; publication: NegotiatedPublication } {
  refuseSecondStream(offer.media.filter(isActive))
  const tracks = new Map<'audio' | 'video', PublishedTrack>()
  const sections = offer.media.map((media): AnswerSection => {
    if (!isActive(media)) return { media }
    const kind = publishableKind(media)
    if (tracks.has(kind)) throw unacceptable(`it has two ${kind} sections; publish one of a kind`)
    const codec = chooseCodec(kind, media)
    const track = publishedTrack(kind, media, codec)
    tracks.set(kind, track)
    return { media, accepted: acceptedSection(media, codec, track) }
  })
  const [audio, video] = [tracks.get('audio'), tracks.get('video')]
  return {
    answer: writeAnswer(offer, local, sections),
    publication: {
      transport: negotiateTransport(offer),
      ...(audio && { audio }),
      ...(video && { video }),
    },
  }
}

// One MediaStream (RFC 9725 §4.4.2); a publisher that names none is taken to mean that.
function refuseSecondStream(active: readonly MediaDescription[]): void {
  const ids = new Set(active.flatMap(({ streamId }) => streamId ?? []))
  if (ids.size > 1) {
    throw unacceptable('its a=msid lines name several MediaStreams; put all tracks into one')
  }
}

function publishableKind({ kind, mid, direction }: MediaDescription): 'audio' | 'video' {
  if (kind !== 'audio' && kind !== 'video') {
    throw unacceptable(`section "${mid}" is "${kind}"; publish audio and video only`)
  }
  if (direction === 'recvonly' || direction === 'inactive') {
    throw unacceptable(`section "${mid}" is ${direction}; a publisher offers sendonly`)
  }
  return kind
}

function chooseCodec(kind: 'audio' | 'video', { mid, codecs }: MediaDescription): SdpCodec {
  if (kind === 'audio') {
    const opus = codecs.find(isOpus)
    if (!opus) throw unacceptable(`section "${mid}" has no Opus; add opus/48000/2`)
    return opus
  }
  const first = codecs.find(videoCodecOf)
  if (!first) {
    throw unacceptable(
      `section "${mid}" has none of H264, VP8, VP9 (profile 0 or 2), AV1 (profile 0) and H265`,
    )
  }
  const codec = videoCodecOf(first)
  const alike = codecs.filter((other) => videoCodecOf(other) === codec)
  // Viewers take packetization-mode 1; a stream in mode 0 fits into it, but limits frame sizes.
  return (codec === 'H264' ? alike.find(fragments) : undefined) ?? first
}

function publishedTrack(
  kind: 'audio' | 'video',
  media: MediaDescription,
  format: SdpCodec,
): PublishedTrack {
  const video = kind === 'video' ? videoCodecOf(format) : undefined
  const { payloadType, rtxPayloadType, clockRate, channels, parameters } = format
  const extensions: Partial<Record<keyof PublishedExtensions, number>> = {}
  for (const { id, uri } of acceptedExtensions(media, format)) {
    extensions[understoodExtensions.get(uri)!] ??= id
  }
  return {
    kind,
    mid: media.mid,
    codec: video ?? 'opus',
    payloadType,
    ...(rtxPayloadType !== undefined && { rtxPayloadType }),
    clockRate,
    ...(channels !== undefined && { channels }),
    ...(video && { profile: profileOf(video, format) }),
    parameters,
    feedback: new Set(understoodFeedback.filter((value) => format.feedback.has(value))),
    extensions,
    rtcpRsize: media.rtcpRsize,
    ssrcs: media.ssrcs,
    fidGroups: media.fidGroups,
    layers: extensions.rid === undefined ? [] : acceptedLayers(media),
  }
}

// What the publisher can only receive is of no use here. Transport-wide numbers without the
// feedback that reports them are of no use either.
function acceptedExtensions({ extensions }: MediaDescription, codec: SdpCodec): SdpExtension[] {
  return extensions.filter(({ uri, direction }) => {
    if (direction === 'recvonly' || direction === 'inactive') return false
    if (uri === extensionUri.transportCc) return codec.feedback.has('transport-cc')
    if (uri === extensionUri.dependencyDescriptor) return isDescribed(codec)
    return understoodExtensions.has(uri)
  })
}

function isDescribed(codec: SdpCodec): boolean {
  const name = videoCodecOf(codec)
  return name === 'VP8' || name === 'VP9' || name === 'AV1'
}

// RFC 8853 §5.3.2: a stream counts only when its a=rid stands beside it.
function acceptedLayers({ simulcast, rids }: MediaDescription): SimulcastStream[] {
  const sent = new Set(rids.flatMap(({ id, direction }) => (direction === 'send' ? id : [])))
  return (simulcast ?? []).filter(({ rid }) => sent.has(rid))
}

function acceptedSection(media: MediaDescription, codec: SdpCodec, { layers }: PublishedTrack) {
  const rids = layers.map(({ rid }) => rid)
  return {
    direction: 'recvonly' as const,
    codecs: [codec],
    feedback: understoodFeedback,
    extensions: acceptedExtensions(media, codec),
    lines:
      rids.length > 0
        ? [...rids.map((rid) => `a=rid:${rid} recv`), `a=simulcast:recv ${rids.join(';')}`]
        : [],
  }
}
