import { asVideoCodec, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import { h264Profile } from './h264-profile.ts'
import type { SdpCodec } from './media-description.ts'

/** Which of our video codecs a format is, in a profile that we carry; undefined for all others. */
export function videoCodecOf(format: SdpCodec): VideoCodec | undefined {
  const codec = asVideoCodec(format.name)
  if (!codec || format.clockRate !== 90_000) return undefined
  const profile = profileOf(codec, format)
  // Profiles 1 and 3 of VP9 and 1 and 2 of AV1 are 4:2:2 and 4:4:4: no broadcaster sends them.
  if (codec === 'VP9' && profile !== '0' && profile !== '2') return undefined
  if (codec === 'AV1' && profile !== '0') return undefined
  return codec
}

export function isOpus({ name, clockRate }: SdpCodec): boolean {
  return name.toLowerCase() === 'opus' && clockRate === 48_000
}

/** H264 that may cut a frame into packets: packetization-mode 1 (RFC 6184 §5.4). */
export function fragments({ parameters }: SdpCodec): boolean {
  return parameters.get('packetization-mode') === '1'
}

/**
 * The profile that a format names, in lower case: for H264 its `profile-level-id` (six hex
 * digits), for the others the number of the profile. Defaults are those of the payload formats.
 */
export function profileOf(codec: VideoCodec, { parameters }: SdpCodec): string {
  switch (codec) {
    case 'H264':
      return (parameters.get('profile-level-id') ?? '42000a').toLowerCase()
    case 'VP8':
      return '0'
    case 'VP9':
      return parameters.get('profile-id') ?? '0'
    case 'AV1':
      return parameters.get('profile') ?? '0'
    case 'H265':
      return parameters.get('profile-id') ?? '1'
  }
}

/** Whether a decoder for one profile is made for the other. Levels do not matter here. */
export function sameProfile(codec: VideoCodec, one: string, other: string): boolean {
  if (codec === 'H264') return h264Profile(one) === h264Profile(other)
  return one === other
}
