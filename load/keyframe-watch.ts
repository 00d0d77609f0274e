import type { KeyframeDetector } from '#rtp/codecs/video-codec.ts'
import type { RtpPacket } from '#rtp/packet.ts'

/** Packets in view: a keyframe larger than 2 MB is not looked for. A power of two. */
const size = 2048
const marker = 1
const keyframe = 2

/**
 * Notices when no packet of a keyframe is missing: from the first packet of its timestamp to the
 * one with the marker bit, whatever the order in which they come.
 */
export class KeyframeWatch {
  readonly #startsKeyframe: KeyframeDetector
  readonly #sequences = new Float64Array(size).fill(-1)
  readonly #timestamps = new Uint32Array(size)
  readonly #flags = new Uint8Array(size)
  #oldest = Number.POSITIVE_INFINITY

  constructor(startsKeyframe: KeyframeDetector) {
    this.#startsKeyframe = startsKeyframe
  }

  /**
   * @param sequence unwrapped sequence number, positive
   * @returns whether the packet's frame is a keyframe, and now complete
   */
  receive(sequence: number, packet: RtpPacket): boolean {
    const place = sequence % size
    const starts = this.#startsKeyframe(packet.bytes, packet.payloadStart, packet.payloadEnd)
    this.#sequences[place] = sequence
    this.#timestamps[place] = packet.timestamp
    this.#flags[place] = (packet.marker ? marker : 0) | (starts ? keyframe : 0)
    this.#oldest = Math.min(this.#oldest, sequence)
    return this.#isCompleteKeyframe(sequence, packet.timestamp)
  }

  #isCompleteKeyframe(sequence: number, timestamp: number): boolean {
    let flags = 0
    let first = sequence
    for (; this.#belongs(first, timestamp); first--) flags |= this.#flags[first % size]!
    // What stands before the frame must be known to be another frame, or to be nothing at all.
    if (!this.#holds(first) && first >= this.#oldest) return false
    let last = sequence
    for (; this.#belongs(last, timestamp); last++) {
      const found = this.#flags[last % size]!
      flags |= found
      if (found & marker) return (flags & keyframe) !== 0
    }
    return false
  }

  #holds(sequence: number): boolean {
    return this.#sequences[sequence % size] === sequence
  }

  #belongs(sequence: number, timestamp: number): boolean {
    return this.#holds(sequence) && this.#timestamps[sequence % size] === timestamp
  }
}
