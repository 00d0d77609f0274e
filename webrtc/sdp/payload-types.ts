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

/** Looks up the formats of one section by codec. */
export class PayloadTypes {
  readonly #formats: readonly SdpCodec[]

  /** @param formats in order of preference */
  constructor(formats: readonly SdpCodec[]) {
    this.#formats = formats
  }

  /**
   * The format of exactly that profile, else the first of the codec: real decoders read the
   * profile from the stream, so that another one is far more often right than wrong.
   */
  find(codec: MediaCodec, profile?: string): PayloadChoice | undefined {
    if (codec === 'opus') return choice(this.#formats.find(isOpus), true)
    const alike = this.#formats.filter((format) => videoCodecOf(format) === codec)
    const exact = alike.find(
      (format) => profile === undefined || sameProfile(codec, profileOf(codec, format), profile),
    )
    return choice(exact ?? alike[0], exact !== undefined)
  }
}

function choice(format: SdpCodec | undefined, exactProfile: boolean): PayloadChoice | undefined {
  if (!format) return undefined
  const { payloadType, rtxPayloadType } = format
  return {
    payloadType,
    ...(rtxPayloadType !== undefined && { rtxPayloadType }),
    exactProfile,
  }
}
