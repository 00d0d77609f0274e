import { keyframeDetector, type VideoCodec } from '#rtp/codecs/video-codec.ts'
import type { RtpPacket } from '#rtp/packet.ts'
import { SequenceUnwrapper } from '#rtp/sequence.ts'
import { KeyframeWatch } from './keyframe-watch.ts'

/** Looks for the first complete keyframe among decrypted packets of one stream. */
export class KeyframeSearch {
  readonly #unwrapper = new SequenceUnwrapper()
  readonly #watch: KeyframeWatch

  constructor(codec: VideoCodec) {
    this.#watch = new KeyframeWatch(keyframeDetector(codec))
  }

  /** @returns whether the packet's frame is a keyframe, and now complete */
  receive(packet: RtpPacket): boolean {
    return this.#watch.receive(this.#unwrapper.unwrap(packet.sequenceNumber), packet)
  }
}
