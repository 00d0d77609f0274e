import { asVideoCodec, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import { type AnswerSection, type LocalTransport, writeDescription } from './answer.ts'
import { profileOf, sameProfile } from './codecs.ts'
import type { SdpCodec } from './media-description.ts'
import {
  type CodecWish,
  isForwardable,
  randomCname,
  randomNames,
  sourceLines,
  type TrackNames,
  understoodFeedback,
  type ViewWishes,
} from './viewed-track.ts'

/** One section of an offer of ours; its mid is its place, in decimal. */
export interface OfferedTrack {
  readonly kind: 'audio' | 'video'
  readonly names: TrackNames
}

/** Ids of what our packets carry, as Chromium would number it. Others have no use here. */
export const offeredExtensions = [
  { id: 3, uri: extensionUri.transportCc },
  { id: 5, uri: extensionUri.playoutDelay },
] as const

/**
 * An offer of ours to a WHEP viewer (draft-ietf-wish-whep §4.3.2, §4.6): a section for each kind
 * of media that the stream has. Video lists every codec that a later publisher might send, what
 * is live first and in the profile that the stream itself names.
 *
 * @param wanted at least one kind
 */
export function offerView(
  wanted: ViewWishes,
  local: LocalTransport,
): { offer: string; tracks: readonly OfferedTrack[] } {
  const cname = randomCname()
  const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind])
  const tracks = kinds.map((kind) => ({ kind, names: randomNames(kind, cname) }))
  const offer = writeDescription({
    local,
    setup: 'actpass',
    bundled: true,
    extmapAllowMixed: false,
    msidSemantic: true,
    sections: tracks.map(({ kind, names }, index) => ({
      media: frame(kind, index),
      accepted: {
        direction: 'sendonly',
        codecs: kind === 'audio' ? [opus] : videoCodecs(wanted.video!),
        feedback: understoodFeedback,
        // Audio has no RTX: a number in its header would make a repeat a new packet.
        extensions: kind === 'audio' ? [] : offeredExtensions,
        lines: sourceLines(kind, names),
      },
    })),
  })
  return { offer, tracks }
}

function frame(kind: 'audio' | 'video', index: number): AnswerSection['media'] {
  return {
    kind,
    protocol: 'UDP/TLS/RTP/SAVPF',
    mid: String(index),
    formats: [],
    rtcpMuxOnly: true,
    rtcpRsize: true,
    extmapAllowMixed: false,
  }
}

const opus: SdpCodec = {
  payloadType: 111,
  name: 'opus',
  clockRate: 48_000,
  channels: 2,
  parameters: parametersOf({ minptime: '10', useinbandfec: '1' }),
  feedback: new Set(),
}

/** What a browser may decode; each format's RTX is its payload type plus one. */
const videoFormats: readonly SdpCodec[] = [
  videoFormat(102, 'H264', '42e01f'),
  videoFormat(104, 'H264', '42001f'),
  videoFormat(106, 'H264', '4d001f'),
  videoFormat(108, 'H264', '64001f'),
  videoFormat(96, 'VP8', '0'),
  videoFormat(98, 'VP9', '0'),
  videoFormat(100, 'VP9', '2'),
  videoFormat(112, 'AV1', '0'),
  videoFormat(114, 'H265', '1'),
]
/** Of what is live in a profile that is not in the list. */
const extraPayloadType = 116

function videoFormat(payloadType: number, codec: VideoCodec, profile: string): SdpCodec {
  return {
    payloadType,
    rtxPayloadType: payloadType + 1,
    name: codec,
    clockRate: 90_000,
    parameters: parametersOf(profileParameters(codec, profile)),
    feedback: new Set(understoodFeedback),
  }
}

function profileParameters(codec: VideoCodec, profile: string): Record<string, string> {
  switch (codec) {
    case 'H264':
      return {
        'level-asymmetry-allowed': '1',
        'packetization-mode': '1',
        'profile-level-id': profile,
      }
    case 'VP8':
      return {}
    case 'VP9':
      return { 'profile-id': profile }
    case 'AV1':
      // Chromium takes a format of its own level only, and this is the one it names.
      return { 'level-idx': '5', profile, tier: '0' }
    case 'H265':
      return { 'level-id': '153', 'profile-id': profile, 'tier-flag': '0', 'tx-mode': 'SRST' }
  }
}

function parametersOf(parameters: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(parameters))
}

// The live profile is spelled as the stream spells it, level included. Beside it stand the
// others of its codec: a browser that does not list a profile mostly decodes it all the same.
function videoCodecs({ codec: name, profileLevelId, profileId }: CodecWish): SdpCodec[] {
  const codec = asVideoCodec(name)
  if (!codec) return [...videoFormats]
  const alike = videoFormats.filter((format) => format.name === codec)
  const others = videoFormats.filter((format) => format.name !== codec)
  const profile = profileLevelId ?? profileId
  if (profile === undefined) return [...alike, ...others]
  const known = alike.find((format) => sameProfile(codec, profileOf(codec, format), profile))
  const live = videoFormat(known?.payloadType ?? extraPayloadType, codec, profile)
  if (!isForwardable(live)) return [...alike, ...others]
  return [live, ...alike.filter((format) => format !== known), ...others]
}
