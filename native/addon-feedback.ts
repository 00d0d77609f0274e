import { type FeedbackDigest, groupFields } from '#rtp/congestion/feedback-digest.ts'
import type { MediaBinding, PlaneHandle } from './addon-binding.ts'
import type { PeerId } from './media-plane.ts'

/** Numbers of a report before its groups, in the order of `native/addon/binding-media.cc`. */
const fields = [
  'received',
  'lost',
  'acknowledged',
  'untold',
  'arrivedAt',
  'roundTrip',
  'queueing',
  'delivered',
  'groupCount',
  'cluster',
  'packets',
  'bytes',
  'firstSentAt',
  'lastSentAt',
  'lastSentBytes',
  'firstArrivedAt',
  'lastArrivedAt',
  'firstArrivedBytes',
] as const
/** `kMostPairs` of `native/addon/packet-groups.h`. */
const mostPairs = 64

/** The digests of feedback that the addon reads, in memory that each report writes anew. */
export class AddonFeedback {
  readonly #binding: MediaBinding
  readonly #handle: PlaneHandle
  readonly #clockOffset: number
  readonly #numbers = new Float64Array(fields.length + groupFields * mostPairs)
  readonly #groups = this.#numbers.subarray(fields.length)

  /** @param clockOffset ms from our clock to that of the addon */
  constructor(binding: MediaBinding, handle: PlaneHandle, clockOffset: number) {
    this.#binding = binding
    this.#handle = handle
    this.#clockOffset = clockOffset
  }

  read(peer: PeerId, packet: Buffer, now: number): FeedbackDigest | undefined {
    const numbers = this.#numbers
    const ours = now + this.#clockOffset
    if (!this.#binding.readFeedback(this.#handle, peer, packet, ours, numbers)) return undefined
    const [received = 0, lost = 0, acknowledged = 0, untold = 0, arrivedAt = 0, roundTrip = 0] =
      numbers
    const queueing = numbers[6]!
    const delivered = numbers[7]!
    return {
      received,
      lost,
      acknowledged,
      untold,
      arrivedAt,
      roundTrip,
      ...(!Number.isNaN(queueing) && { queueing }),
      ...(!Number.isNaN(delivered) && { delivered }),
      groups: this.#groups,
      groupCount: numbers[8]!,
      ...(numbers[9] !== 0 && { probe: this.#probe() }),
    }
  }

  #probe() {
    const numbers = this.#numbers
    return {
      cluster: numbers[9]!,
      packets: numbers[10]!,
      bytes: numbers[11]!,
      firstSentAt: numbers[12]! - this.#clockOffset,
      lastSentAt: numbers[13]! - this.#clockOffset,
      lastSentBytes: numbers[14]!,
      firstArrivedAt: numbers[15]!,
      lastArrivedAt: numbers[16]!,
      firstArrivedBytes: numbers[17]!,
    }
  }
}
