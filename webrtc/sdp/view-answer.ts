import { randomBytes } from 'node:crypto'
import { ServiceError } from '#core/errors.ts'
import type { TrackFormat } from '#native/media-plane.ts'
import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import {
  type AcceptedSection,
  type AnswerSection,
  type LocalTransport,
  type NegotiatedTransport,
  negotiateTransport,
  writeAnswer,
} from './answer.ts'
import { fragments, isOpus, videoCodecOf } from './codecs.ts'
import { isActive, type MediaDescription, type SdpCodec } from './media-description.ts'
import { type Offer, unacceptable } from './offer.ts'
import { type PayloadChoice, PayloadTypes } from './payload-types.ts'

/** What one kind of the stream is made of now. */
interface CodecWish {
  readonly codec: MediaCodec
  /** H264: from the stream's own SPS, six hex digits. */
  readonly profileLevelId?: string
  /** VP9, AV1, H265: the number of the profile. */
  readonly profileId?: string
}

export interface ViewWishes {
  readonly audio?: CodecWish
  readonly video?: CodecWish
}

/**
 * One track towards a viewer. It has an `rtxSsrc` when at least one codec of the section has RTX,
 * a `transportCcId` only where every codec has: a repeat of a numbered packet would be a new one.
 */
export interface ViewedTrack extends TrackFormat {
  /** Which m-line of the offer and answer, from 0. */
  readonly section: number
  /**
   * How the viewer calls a codec, now or in a later epoch.
   *
   * @param profile of the stream, as in `CodecWish`; without it any profile is exact
   * @returns undefined when the viewer did not offer the codec
   */
  payloadTypeFor(codec: MediaCodec, profile?: string): PayloadChoice | undefined
}

export interface NegotiatedView {
  readonly transport: NegotiatedTransport
  readonly audio?: ViewedTrack
  readonly video?: ViewedTrack
}

const understoodFeedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc'] as const

/**
 * Answers a WHEP viewer (draft-ietf-wish-whep §4.3.1, §4.6). The first section of each wanted
 * kind is filled, the others are refused one by one. A video section keeps every codec that a
 * later publisher might send, the wanted one first, so that a change needs no new offer.
 *
 * @throws ServiceError `unacceptable-offer`; `no-common-codec` when the viewer cannot decode what
 *   the stream is made of
 */
export function answerViewer(
  offer: Offer,
  wanted: ViewWishes,
  local: LocalTransport,
): { answer: string; view: NegotiatedView } {
  const cname = randomBytes(12).toString('base64url')
  const tracks = new Map<'audio' | 'video', ViewedTrack>()
  const sections = offer.media.map((media, section): AnswerSection => {
    const { kind } = media
    if (!isActive(media) || (kind !== 'audio' && kind !== 'video')) return { media }
    refuseSender(media)
    const wish = wanted[kind]
    if (!wish || tracks.has(kind)) return { media, ...surplus(offer, media) }
    const codecs = keptCodecs(media, wish)
    const track = viewedTrack({ media, codecs, cname, kind, section })
    tracks.set(kind, track)
    return { media, accepted: acceptedSection(media, codecs, track) }
  })
  if (tracks.size === 0) {
    const kinds = Object.keys(wanted).join(' and ') || 'nothing'
    throw unacceptable(`the stream has ${kinds}, and no section offers to receive that`)
  }
  const [audio, video] = [tracks.get('audio'), tracks.get('video')]
  return {
    answer: writeAnswer(offer, local, sections),
    view: {
      transport: negotiateTransport(offer),
      ...(audio && { audio }),
      ...(video && { video }),
    },
  }
}

// Refused, unless it is the section whose transport carries the whole bundle: without that one
// Chromium, under max-bundle, takes no answer at all ("Failed to setup RTCP mux").
function surplus({ bundle }: Offer, { mid, codecs }: MediaDescription): Partial<AnswerSection> {
  if (mid !== bundle[0] || codecs.length === 0) return {}
  const idle = { direction: 'inactive', feedback: [], extensions: [], lines: [] } as const
  return { accepted: { ...idle, codecs: codecs.slice(0, 1) } }
}

function refuseSender({ mid, direction }: MediaDescription): void {
  if (direction === 'sendonly' || direction === 'inactive') {
    throw unacceptable(`section "${mid}" is ${direction}; a viewer offers recvonly`)
  }
}

function keptCodecs({ kind, codecs }: MediaDescription, wish: CodecWish): SdpCodec[] {
  const kept = kind === 'audio' ? codecs.filter(isOpus).slice(0, 1) : codecs.filter(isForwardable)
  const choice = new PayloadTypes(kept).find(wish.codec, wish.profileLevelId ?? wish.profileId)
  if (!choice) {
    throw new ServiceError(
      'no-common-codec',
      `the stream's ${kind} is ${wish.codec}, which this offer does not list; offer it too`,
    )
  }
  const first = kept.filter(({ payloadType }) => payloadType === choice.payloadType)
  return [...first, ...kept.filter((codec) => !first.includes(codec))]
}

function isForwardable(codec: SdpCodec): boolean {
  const name = videoCodecOf(codec)
  return name === 'H264' ? fragments(codec) : name !== undefined
}

interface TrackParts {
  readonly kind: 'audio' | 'video'
  readonly section: number
  readonly media: MediaDescription
  readonly codecs: readonly SdpCodec[]
  readonly cname: string
}

function viewedTrack({ kind, section, media, codecs, cname }: TrackParts): ViewedTrack {
  const payloadTypes = new PayloadTypes(codecs)
  const playoutDelayId = extensionId(media, extensionUri.playoutDelay)
  const numbered = codecs.every(
    ({ rtxPayloadType, feedback }) => rtxPayloadType !== undefined && feedback.has('transport-cc'),
  )
  const transportCcId = numbered ? extensionId(media, extensionUri.transportCc) : undefined
  return {
    kind,
    section,
    ssrc: randomSsrc(),
    ...(codecs.some((codec) => codec.rtxPayloadType !== undefined) && { rtxSsrc: randomSsrc() }),
    cname,
    clockRate: codecs[0]!.clockRate,
    ...(playoutDelayId !== undefined && { playoutDelayId }),
    ...(transportCcId !== undefined && { transportCcId }),
    payloadTypeFor: (codec, profile) => payloadTypes.find(codec, profile),
  }
}

// Ids above 14 would cost every packet the two-byte form (RFC 8285 §4.3).
function extensionId({ extensions }: MediaDescription, uri: string): number | undefined {
  return extensions.find(
    (extension) =>
      extension.uri === uri &&
      extension.id <= 14 &&
      extension.direction !== 'sendonly' &&
      extension.direction !== 'inactive',
  )?.id
}

/** Never zero, which some stacks take for "none". */
function randomSsrc(): number {
  return randomBytes(4).readUInt32BE(0) || 1
}

function acceptedSection(
  media: MediaDescription,
  codecs: readonly SdpCodec[],
  track: ViewedTrack,
): AcceptedSection {
  const { kind, ssrc, rtxSsrc, cname, playoutDelayId, transportCcId } = track
  const msid = `tailrace tailrace-${kind}`
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc]
  return {
    direction: 'sendonly',
    codecs,
    feedback: understoodFeedback.filter(
      (value) => value !== 'transport-cc' || transportCcId !== undefined,
    ),
    extensions: media.extensions.filter(
      ({ id, uri }) =>
        (id === playoutDelayId && uri === extensionUri.playoutDelay) ||
        (id === transportCcId && uri === extensionUri.transportCc),
    ),
    lines: [
      `a=msid:${msid}`,
      ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
      ...ssrcs.flatMap((id) => [`a=ssrc:${id} cname:${cname}`, `a=ssrc:${id} msid:${msid}`]),
    ],
  }
}
