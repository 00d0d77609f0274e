import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { isOpus, profileOf, sameProfile, videoCodecOf } from './codecs.ts'
import type { SdpCodec } from './media-description.ts'

/** The payload type under which a peer expects a codec. */
export interface PayloadChoice {
  readonly payloadType: number
  readonly rtxPayloadType?: number
  /** False when the peer offered the codec in other profiles only: worth counting. */
  readonly exactProfile: boolean
}

/** What a session keeps of a format: a twentieth of what the offer says of it. */
interface Format {
  readonly codec: MediaCodec | undefined
  readonly profile: string | undefined
  readonly payloadType: number
  readonly rtxPayloadType: number | undefined
}

/** Looks up the formats of one section by codec. */
export class PayloadTypes {
  readonly #formats: readonly Format[]

  /** @param formats in order of preference */
  constructor(formats: readonly SdpCodec[]) {
    this.#formats = formats.map((format) => {
      const codec = isOpus(format) ? 'opus' : videoCodecOf(format)
      const profile = codec && codec !== 'opus' ? profileOf(codec, format) : undefined
      const { payloadType, rtxPayloadType } = format
      return { codec, profile, payloadType, rtxPayloadType }
    })
  }

  /**
   * The format of exactly that profile, else the first of the codec: real decoders read the
   * profile from the stream, so that another one is far more often right than wrong.
   */
  find(codec: MediaCodec, profile?: string): PayloadChoice | undefined {
    const alike = this.#formats.filter((format) => format.codec === codec)
    if (codec === 'opus') return choice(alike[0], true)
    const exact = alike.find(
      (format) => profile === undefined || sameProfile(codec, format.profile!, profile),
    )
    return choice(exact ?? alike[0], exact !== undefined)
  }
}

function choice(format: Format | undefined, exactProfile: boolean): PayloadChoice | undefined {
  if (!format) return undefined
  const { payloadType, rtxPayloadType } = format
  return {
    payloadType,
    ...(rtxPayloadType !== undefined && { rtxPayloadType }),
    exactProfile,
  }
}
