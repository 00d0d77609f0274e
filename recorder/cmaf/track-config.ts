import type { StreamFacts } from '#rtp/codecs/stream-facts.ts'
import type { VideoCodec } from '#rtp/codecs/video-codec.ts'
import { codecsOf, type FileCodec } from './codecs-string.ts'

/** What an init segment says of a track; another one wants another init segment. */
export type TrackConfig = VideoConfig | AudioConfig

export interface VideoConfig {
  readonly kind: 'video'
  readonly codec: FileCodec
  /** As in CODECS of a playlist (RFC 6381). */
  readonly codecs: string
  /** In pixels. */
  readonly width: number
  readonly height: number
  /** H264 and H265: whole NAL units, VPS before SPS before PPS; none of the others. */
  readonly parameterSets: readonly Buffer[]
}

export interface AudioConfig {
  readonly kind: 'audio'
  readonly codec: 'opus'
  readonly codecs: 'opus'
  readonly channels: 1 | 2
}

/** Decoders take packets of one channel in a track of two (RFC 7587 §4.2: so does every receiver). */
export const opusConfig: AudioConfig = { kind: 'audio', codec: 'opus', codecs: 'opus', channels: 2 }

/** Whether a file of ours can have that codec; of VP8 there is no MP4 that players take. */
export function isFileCodec(codec: VideoCodec): codec is FileCodec {
  return codec !== 'VP8'
}

/** @returns undefined while a keyframe has not shown all that it takes */
export function videoConfig(codec: FileCodec, facts: StreamFacts): VideoConfig | undefined {
  const { width, height, parameterSets } = facts
  const codecs = codecsOf(codec, facts)
  if (codecs === undefined || width === undefined || height === undefined) return undefined
  return { kind: 'video', codec, codecs, width, height, parameterSets }
}

export function isSameConfig(a: TrackConfig | undefined, b: TrackConfig): boolean {
  if (a?.codecs !== b.codecs) return false
  if (a.kind === 'audio' || b.kind === 'audio') return a.kind === b.kind
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.parameterSets.length === b.parameterSets.length &&
    a.parameterSets.every((set, index) => set.equals(b.parameterSets[index]!))
  )
}
