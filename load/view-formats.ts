import { asVideoCodec, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import type { Answer } from '#webrtc/sdp/client.ts'
import { isActive, type MediaDescription } from '#webrtc/sdp/media-description.ts'

/** What a payload type stands for in one session. */
export type PayloadFormat =
  | { readonly kind: 'audio'; readonly clockRate: number }
  | { readonly kind: 'video'; readonly clockRate: number; readonly codec: VideoCodec }
  /** Repeats packets of `of` (RFC 4588). */
  | { readonly kind: 'rtx'; readonly of: number }

/** What an answer says about the packets to come. */
export interface ViewFormats {
  readonly byPayloadType: ReadonlyMap<number, PayloadFormat>
  readonly hasVideo: boolean
  /** Id of the transport-wide sequence number, where feedback about it is wanted. */
  readonly transportCcId: number | undefined
}

export function readViewFormats({ media }: Answer): ViewFormats {
  const byPayloadType = new Map<number, PayloadFormat>()
  const active = media.filter(isActive)
  for (const section of active) addFormats(section, byPayloadType)
  return {
    byPayloadType,
    hasVideo: [...byPayloadType.values()].some(({ kind }) => kind === 'video'),
    transportCcId: active.map(transportCcId).find((id) => id !== undefined),
  }
}

function addFormats({ kind, codecs }: MediaDescription, formats: Map<number, PayloadFormat>) {
  for (const { payloadType, rtxPayloadType, name, clockRate } of codecs) {
    const codec = asVideoCodec(name)
    if (kind === 'audio') formats.set(payloadType, { kind, clockRate })
    else if (codec) formats.set(payloadType, { kind: 'video', clockRate, codec })
    else continue
    if (rtxPayloadType !== undefined) formats.set(rtxPayloadType, { kind: 'rtx', of: payloadType })
  }
}

function transportCcId({ codecs, extensions }: MediaDescription): number | undefined {
  if (!codecs.some(({ feedback }) => feedback.has('transport-cc'))) return undefined
  return extensions.find(({ uri }) => uri === extensionUri.transportCc)?.id
}
