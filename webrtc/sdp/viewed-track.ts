import { randomBytes } from 'node:crypto'
import type { TrackFormat } from '#native/media-plane.ts'
import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import type { NegotiatedTransport } from './answer.ts'
import { fragments, isOpus, videoCodecOf } from './codecs.ts'
import type { MediaDescription, SdpCodec } from './media-description.ts'
import { type PayloadChoice, PayloadTypes } from './payload-types.ts'

/** What one kind of the stream is made of now. */
export interface CodecWish {
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
   * @returns undefined when the viewer does not take the codec
   */
  payloadTypeFor(codec: MediaCodec, profile?: string): PayloadChoice | undefined
}

/** What a viewer and we have agreed on, whichever of us made the offer. */
export interface NegotiatedView {
  readonly transport: NegotiatedTransport
  readonly audio?: ViewedTrack
  readonly video?: ViewedTrack
}

/** Names of one track, ours to choose. */
export interface TrackNames {
  readonly ssrc: number
  /** Not for what has no RTX by its nature: audio. */
  readonly rtxSsrc?: number
  /** One for all tracks of a viewer. */
  readonly cname: string
}

/** Values of `a=rtcp-fb` that a viewer's feedback may use. */
export const understoodFeedback = ['nack', 'nack pli', 'ccm fir', 'transport-cc'] as const

export function randomCname(): string {
  return randomBytes(12).toString('base64url')
}

export function randomNames(kind: 'audio' | 'video', cname: string): TrackNames {
  return { ssrc: randomSsrc(), ...(kind === 'video' && { rtxSsrc: randomSsrc() }), cname }
}

/** Never zero, which some stacks take for "none". */
function randomSsrc(): number {
  return randomBytes(4).readUInt32BE(0) || 1
}

/**
 * The viewer's codecs that the stream may be made of, now or later; the wanted one first.
 *
 * @returns undefined when the wanted one is not among them, or none at all
 */
export function keptCodecs(
  { kind, codecs }: MediaDescription,
  wish: CodecWish | undefined,
): SdpCodec[] | undefined {
  const kept = kind === 'audio' ? codecs.filter(isOpus).slice(0, 1) : codecs.filter(isForwardable)
  if (!wish) return kept.length > 0 ? kept : undefined
  const choice = new PayloadTypes(kept).find(wish.codec, wish.profileLevelId ?? wish.profileId)
  if (!choice) return undefined
  const first = kept.filter(({ payloadType }) => payloadType === choice.payloadType)
  return [...first, ...kept.filter((codec) => !first.includes(codec))]
}

export function isForwardable(codec: SdpCodec): boolean {
  const name = videoCodecOf(codec)
  return name === 'H264' ? fragments(codec) : name !== undefined
}

export interface TrackParts {
  readonly kind: 'audio' | 'video'
  /** Which m-line, from 0. */
  readonly section: number
  /** As the viewer wrote it. */
  readonly media: MediaDescription
  /** At least one. */
  readonly codecs: readonly SdpCodec[]
  readonly names: TrackNames
}

export function viewedTrack({ kind, section, media, codecs, names }: TrackParts): ViewedTrack {
  const payloadTypes = new PayloadTypes(codecs)
  const playoutDelayId = extensionId(media, extensionUri.playoutDelay)
  const numbered = codecs.every(
    ({ rtxPayloadType, feedback }) => rtxPayloadType !== undefined && feedback.has('transport-cc'),
  )
  const transportCcId = numbered ? extensionId(media, extensionUri.transportCc) : undefined
  const { ssrc, rtxSsrc, cname } = names
  const repairs = codecs.some((codec) => codec.rtxPayloadType !== undefined)
  return {
    kind,
    section,
    ssrc,
    ...(rtxSsrc !== undefined && repairs && { rtxSsrc }),
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

/** What a section says of the track it sends (WHEP-62, 65, 66): browsers name streams by it. */
export function sourceLines(kind: 'audio' | 'video', names: TrackNames): string[] {
  const { ssrc, rtxSsrc, cname } = names
  const msid = `tailrace tailrace-${kind}`
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc]
  return [
    `a=msid:${msid}`,
    ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
    ...ssrcs.flatMap((id) => [`a=ssrc:${id} cname:${cname}`, `a=ssrc:${id} msid:${msid}`]),
  ]
}
