import { isAv1Keyframe } from './av1.ts'
import { isH264Keyframe } from './h264.ts'
import { isH265Keyframe } from './h265.ts'
import { isVp8Keyframe } from './vp8.ts'
import { isVp9Keyframe } from './vp9.ts'

/** As in `a=rtpmap`, in capitals. */
export type VideoCodec = 'H264' | 'H265' | 'VP8' | 'VP9' | 'AV1'

/** What a track can be made of. */
export type MediaCodec = 'opus' | VideoCodec

const codecs: readonly VideoCodec[] = ['H264', 'H265', 'VP8', 'VP9', 'AV1']

/** Whether the start of a keyframe lies in the RTP payload `start`…`end`. Allocates nothing. */
export type KeyframeDetector = (bytes: Buffer, start: number, end: number) => boolean

const detectors: Record<VideoCodec, KeyframeDetector> = {
  H264: isH264Keyframe,
  H265: isH265Keyframe,
  VP8: isVp8Keyframe,
  VP9: isVp9Keyframe,
  AV1: isAv1Keyframe,
}

/** The codec of an encoding name, in any case; undefined for those that we do not carry. */
export function asVideoCodec(name: string): VideoCodec | undefined {
  const codec = name.toUpperCase()
  return codecs.find((known) => known === codec)
}

/**
 * The detector may say yes to several packets of one keyframe (parameter sets, slices), and not to
 * its first one (a delimiter, SEI): a keyframe starts with the first packet of its timestamp.
 */
export function keyframeDetector(codec: VideoCodec): KeyframeDetector {
  return detectors[codec]
}
