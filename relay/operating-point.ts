import type { LogClock, LogId, MediaPlane } from '#native/media-plane.ts'
import { type Slab, SlabPool, slabSize } from '#native/slab.ts'
import type { MediaCodec } from '#rtp/codecs/video-codec.ts'
import { RateMeter } from '#rtp/rate-meter.ts'
import { FreshPackets } from './fresh-packets.ts'
import type { KeyframeRequests } from './keyframe-requests.ts'
import { LayerRate } from './layer-rate.ts'
import { PacketLog, type StoredPacket } from './packet-log.ts'
import { mediaRate, type ViewedLayer } from './viewed-layer.ts'

/** What an operating point shares with the encoding that it is a part of. */
export type WholeEncoding = Pick<
  ViewedLayer,
  'active' | 'codec' | 'rid' | 'keyframes' | 'inspector' | 'clock' | 'clockRate'
>

export interface OperatingPointOptions {
  /** Among the decode targets of the dependency structure. */
  readonly target: number
  readonly spatialId: number
  readonly temporalId: number
  /** Pixels, where the structure tells them. */
  readonly size: { readonly width: number; readonly height: number } | undefined
}

/** Copies of packets whose marker had to be set lie here: one of each frame. */
const pool = new SlabPool(4)

/**
 * The frames of one encoding that one decode target needs, in a log of their own with numbers of
 * its own. The bytes are the encoding's: a log keeps references.
 */
export class OperatingPoint implements ViewedLayer {
  readonly codec: MediaCodec
  readonly clockRate: number
  readonly rid: string | undefined
  readonly target: number
  readonly spatialId: number
  readonly temporalId: number
  /** Numbers of its own: nothing is known of those to come. */
  readonly fillingUpTo = undefined
  readonly log = new PacketLog()
  readonly logId: LogId
  readonly keyframes: KeyframeRequests
  readonly rate = new LayerRate()
  readonly #plane: MediaPlane
  readonly #whole: WholeEncoding
  readonly #size: OperatingPointOptions['size']
  readonly #bitrate = new RateMeter()
  readonly #frames = new RateMeter()
  readonly #fresh: FreshPackets
  #copies: { slab: Slab; used: number } | undefined
  #next = 0
  #keyframeSeen = false

  constructor(plane: MediaPlane, whole: WholeEncoding, options: OperatingPointOptions) {
    this.codec = whole.codec
    this.clockRate = whole.clockRate
    this.rid = whole.rid
    this.target = options.target
    this.spatialId = options.spatialId
    this.temporalId = options.temporalId
    this.keyframes = whole.keyframes
    this.#plane = plane
    this.#whole = whole
    this.#size = options.size
    this.logId = plane.openLog(this.log)
    this.#fresh = new FreshPackets(plane, this.logId)
  }

  get active(): boolean {
    return this.#whole.active
  }

  get clock(): LogClock | undefined {
    return this.#whole.clock
  }

  get inspector(): ViewedLayer['inspector'] {
    const facts = this.#whole.inspector?.facts
    return facts && { facts: { ...facts, ...this.#size } }
  }

  /**
   * The next packet of the target, whose slab the log keeps.
   *
   * @param endsPicture whether nothing of the picture follows for this target, whatever follows for
   *   others: the last packet has to say so (SRTP-110)
   */
  take(packet: StoredPacket, endsPicture: boolean, now: number): number {
    const { slab, offset, length } = packet
    const marked = (slab.bytes[offset + 1]! & 0x80) !== 0
    const index = this.#next++
    this.#append(index, endsPicture && !marked ? this.#withMarker(packet) : packet, now)
    this.#bitrate.add(length, now)
    if (endsPicture || marked) this.#frames.add(1, now)
    return index
  }

  /** Packets are missing, and nobody knows whether the target needs them: numbers stay free. */
  skip(count: number): void {
    this.#next += count
  }

  /** The packet at `index` shows that its frame is a keyframe. */
  markKeyframe(index: number): void {
    if (this.log.markKeyframe(index)) this.#keyframeSeen = true
  }

  /** Hands what came to the plane. @returns whether a new keyframe began in it */
  flush(): boolean {
    this.#fresh.deliver()
    const keyframe = this.#keyframeSeen
    this.#keyframeSeen = false
    return keyframe
  }

  bitsPerSecond(now: number): number {
    return this.#bitrate.bitsPerSecond(now)
  }

  mediaRate(now: number): number {
    return mediaRate(this, now)
  }

  framesPerSecond(now: number): number {
    return this.#frames.bitsPerSecond(now) / 8
  }

  close(): void {
    this.#plane.closeLog(this.logId)
    this.log.clear()
    this.#copies?.slab.release()
    this.#copies = undefined
  }

  #append(index: number, { slab, offset, length }: StoredPacket, now: number): void {
    this.log.append(index, slab, offset, length, now)
    this.#fresh.add(index)
  }

  // The bytes are shared with those who get the layers above, too: so it is done in a copy.
  #withMarker({ slab, offset, length }: StoredPacket): StoredPacket {
    if (this.#copies && this.#copies.used + length > slabSize) {
      this.#copies.slab.release()
      this.#copies = undefined
    }
    this.#copies ??= { slab: pool.take(), used: 0 }
    const { slab: copies, used } = this.#copies
    slab.bytes.copy(copies.bytes, used, offset, offset + length)
    copies.bytes[used + 1]! |= 0x80
    this.#copies.used += length
    return { slab: copies, offset: used, length }
  }
}
