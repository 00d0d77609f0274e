import type { PeerId } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { type Slab, type SlabPool, slabSize } from '#native/slab.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import type { FeedbackDigest } from '#rtp/congestion/feedback-digest.ts'
import { FeedbackReader } from '#rtp/congestion/feedback-reader.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { Budget } from './budget.ts'
import type { OutgoingTrack } from './outgoing-track.ts'
import { SrtpReceiver } from './srtp-receiver.ts'
import { SrtpSender } from './srtp-sender.ts'
import { TransportHistory } from './transport-history.ts'

/** Longest datagram taken: the Ethernet MTU. */
export const maxDatagram = 1500

/** One secured peer: its contexts, its address, and the memory its packets are written to. */
export class Peer {
  readonly id: PeerId
  readonly sender: SrtpSender
  readonly receiver: SrtpReceiver
  readonly tracks = new Set<OutgoingTrack>()
  path: Path
  /** Whether a packet of its came on `path`, and not only a check that says so. */
  proved = false
  /** Of DTLS on its path. */
  readonly records = new Budget()
  #transport: TransportHistory | undefined
  #reader: FeedbackReader | undefined
  readonly #pool: SlabPool
  #slab: Slab | undefined
  #used = 0

  /** @param streams SSRCs that it may send RTP from, as many as clients need without */
  constructor(id: PeerId, keys: SrtpKeys, path: Path, pool: SlabPool, streams?: number) {
    this.id = id
    this.path = path
    this.sender = new SrtpSender(keys.profile, keys.local)
    this.receiver = new SrtpReceiver(keys.profile, keys.remote, streams)
    this.#pool = pool
  }

  /** One count for all tracks of the transport (transport-wide-cc-extensions-01 §2). */
  get transport(): TransportHistory {
    this.#transport ??= new TransportHistory()
    return this.#transport
  }

  /** @param packet transport-wide feedback @param now monotonic ms */
  readFeedback(packet: Buffer, now: number): FeedbackDigest | undefined {
    const transport = this.#transport
    const feedback = transport && readTransportCc(packet)
    if (!feedback) return undefined
    this.#reader ??= new FeedbackReader()
    return this.#reader.read(feedback, (number) => transport.find(number), now)
  }

  /** A slab with room for one more datagram at `used`. Viewers never ask, and hold none. */
  slab(): Slab {
    if (this.#slab && this.#used + maxDatagram > slabSize) this.close()
    if (!this.#slab) {
      this.#slab = this.#pool.take()
      this.#used = 0
    }
    return this.#slab
  }

  /** Offset in `slab()` of the next packet. */
  get used(): number {
    return this.#used
  }

  /** Keeps the last packet's bytes from being overwritten. */
  advance(length: number): void {
    this.#used += length
  }

  close(): void {
    this.#slab?.release()
    this.#slab = undefined
  }
}
