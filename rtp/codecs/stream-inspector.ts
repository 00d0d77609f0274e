import { isAv1Keyframe } from './av1.ts'
import { readAv1Sequence } from './av1-sequence.ts'
import { h264Syntax } from './h264-syntax.ts'
import { h265Syntax } from './h265-syntax.ts'
import { NalInspector } from './nal-inspector.ts'
import { noFacts, type PayloadInspector, type StreamFacts } from './stream-facts.ts'
import type { VideoCodec } from './video-codec.ts'
import { isVp8Keyframe, vp8Size } from './vp8.ts'
import { isVp9Keyframe, readVp9Keyframe } from './vp9.ts'

/**
 * Learns what a video stream is from its packets: the answer to a viewer is made from this, not
 * from the publisher's offer, whose text may be fixed (`INTEROP.md` IO-20).
 */
export class StreamInspector {
  readonly codec: VideoCodec
  readonly #facts: StreamFacts
  readonly #inspector: PayloadInspector

  constructor(codec: VideoCodec) {
    this.codec = codec
    this.#facts = noFacts()
    this.#inspector = inspectorFor(codec, this.#facts)
  }

  /**
   * Takes every payload of one layer, without padding. Borrowed: what is kept is copied.
   *
   * @param timestamp of the RTP packet: payloads that share it are one frame
   */
  inspect(bytes: Buffer, start: number, end: number, timestamp: number): void {
    this.#inspector.inspect(bytes, start, end, timestamp)
  }

  /** What another node has seen of the same stream: good until the packets here say more. */
  learn(seen: Partial<StreamFacts>): void {
    Object.assign(this.#facts, seen)
  }

  /** Live: it changes as packets are inspected. */
  get facts(): Readonly<StreamFacts> {
    return this.#facts
  }
}

function inspectorFor(codec: VideoCodec, facts: StreamFacts): PayloadInspector {
  switch (codec) {
    case 'H264':
      return new NalInspector(h264Syntax, facts)
    case 'H265':
      return new NalInspector(h265Syntax, facts)
    case 'VP8':
      return {
        inspect: (bytes, start, end) => {
          if (!isVp8Keyframe(bytes, start, end)) return
          Object.assign(facts, vp8Size(bytes, start, end), { keyframeHasParameterSets: true })
        },
      }
    case 'VP9':
      return {
        inspect: (bytes, start, end) => {
          if (!isVp9Keyframe(bytes, start, end)) return
          const { profile, ...size } = readVp9Keyframe(bytes, start, end)
          if (profile !== undefined) facts.profile = String(profile)
          Object.assign(facts, size, { keyframeHasParameterSets: true })
        },
      }
    case 'AV1':
      return {
        inspect: (bytes, start, end) => {
          if (!isAv1Keyframe(bytes, start, end)) return
          const sequence = readAv1Sequence(bytes, start, end)
          facts.keyframeHasParameterSets = sequence !== undefined
          if (sequence) Object.assign(facts, sequence, { profile: String(sequence.profile) })
        },
      }
  }
}
