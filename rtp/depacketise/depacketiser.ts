import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { Av1Depacketiser } from './av1-depacketiser.ts'
import { NalDepacketiser } from './nal-depacketiser.ts'
import { h264Payloads, h265Payloads } from './nal-payloads.ts'
import { OpusDepacketiser } from './opus-depacketiser.ts'
import { Vp8Depacketiser } from './vp8-depacketiser.ts'
import { Vp9Depacketiser } from './vp9-depacketiser.ts'

/** One access unit as files hold it, in bytes of its own. */
export interface Sample {
  /**
   * H264, H265: NAL units with lengths of four bytes, without delimiters and parameter sets (ISO
   * 14496-15). AV1: a temporal unit of OBUs with sizes, without delimiter (AV1-ISOBMFF §2.4). VP9:
   * a superframe. VP8 and Opus: a frame.
   */
  readonly data: Buffer
  /** Whether decoding may begin here. */
  readonly keyframe: boolean
}

/**
 * Puts the RTP payloads of one access unit together. Sans-IO. Which packets are missing its owner
 * knows by their numbers: it ends the access unit then, and throws away what comes out.
 */
export interface Depacketiser {
  /**
   * Takes the next payload of the access unit, without padding. Borrowed: it is copied.
   *
   * @returns false for one that makes no sense here: then the access unit is lost
   */
  add(bytes: Buffer, start: number, end: number): boolean
  /** Ends the access unit. @returns undefined for one that is empty, broken or cut off */
  finish(): Sample | undefined
}

export function createDepacketiser(codec: MediaCodec): Depacketiser {
  switch (codec) {
    case 'opus':
      return new OpusDepacketiser()
    case 'H264':
      return new NalDepacketiser(h264Payloads)
    case 'H265':
      return new NalDepacketiser(h265Payloads)
    case 'VP8':
      return new Vp8Depacketiser()
    case 'VP9':
      return new Vp9Depacketiser()
    case 'AV1':
      return new Av1Depacketiser()
  }
}
