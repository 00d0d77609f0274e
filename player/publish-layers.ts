/** One encoding, three sizes beside each other (simulcast), or layers within one (SVC). */
export type LayerChoice = 'automatic' | 'one' | 'three' | 'svc'

export interface LayeredPicture {
  /** MIME type; undefined for the browser's choice. */
  readonly codec: string | undefined
  /** Lines of the picture as it is captured. */
  readonly height: number
  /** Bits per second of the largest picture. */
  readonly maxBitrate: number
}

/** `scalabilityMode` is not in every list of types yet (webrtc-svc). */
export type Encoding = RTCRtpEncodingParameters & { readonly scalabilityMode?: string }

/** Smaller ones are not worth three encoders, in lines. */
const layeredFrom = 720

/** Names and shares of the sides and of the bitrate: a quarter of the pixels, of the bits. */
const sizes = [
  { rid: 'q', scaleResolutionDownBy: 4, part: 1 / 16 },
  { rid: 'h', scaleResolutionDownBy: 2, part: 1 / 4 },
  { rid: 'f', scaleResolutionDownBy: 1, part: 1 },
]

/** Whether the codec can have layers within one encoding. */
export function hasSvc(codec: string | undefined): boolean {
  return codec === 'video/VP9' || codec === 'video/AV1'
}

/** What to hand to `addTransceiver` as `sendEncodings`. */
export function encodingsFor(choice: LayerChoice, picture: LayeredPicture): Encoding[] {
  const { codec, height, maxBitrate } = picture
  if (choice === 'svc' && hasSvc(codec)) return [{ maxBitrate, scalabilityMode: modeOf(codec) }]
  if (choice === 'one' || (choice === 'automatic' && height < layeredFrom)) return [{ maxBitrate }]
  return sizes.map(({ rid, scaleResolutionDownBy, part }) => ({
    rid,
    scaleResolutionDownBy,
    maxBitrate: Math.round(maxBitrate * part),
    // Else Chromium makes one encoding of them, with layers within it.
    ...(hasSvc(codec) && { scalabilityMode: 'L1T3' }),
  }))
}

// Of AV1 viewers are shown the smallest of several sizes alone: so there are rates only.
function modeOf(codec: string | undefined): string {
  return codec === 'video/AV1' ? 'L1T3' : 'L3T3_KEY'
}
