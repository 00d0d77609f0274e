import type { PacketLog } from '#relay/packet-log.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import type { StreamFacts } from '#rtp/codecs/stream-facts.ts'
import { StreamInspector } from '#rtp/codecs/stream-inspector.ts'
import {
  createDepacketiser,
  type Depacketiser,
  type Sample,
} from '#rtp/depacketise/depacketiser.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { timestampDistance } from '#rtp/sequence.ts'

/** What of a layer is read. */
export type ReadLayer = Pick<UpLayer, 'codec' | 'clockRate' | 'log'>

/** One picture, or one packet of sound. */
export interface AccessUnit extends Sample {
  /** RTP time in ticks, unwrapped: it grows past 2^32. */
  readonly timestamp: number
  /** Packets that were lost for good since the access unit before this one. */
  readonly lost: number
}

/**
 * How long a lost packet is waited for, in ms: publishers and links repeat within some round trips,
 * and the log keeps everything for twice as long.
 */
const repairPatience = 1000

/**
 * Access units of one layer, in order and each of them whole, read from its log. After a loss of
 * video there is nothing before the next keyframe: what refers to a lost picture cannot be decoded
 * without a fault. Sans-IO; `now` in monotonic ms.
 */
export class TrackReader {
  readonly inspector: StreamInspector | undefined
  readonly #layer: ReadLayer
  readonly #depacketiser: Depacketiser
  readonly #packet = new RtpPacket()
  readonly #place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #log: PacketLog
  /** Index of the next packet. */
  #next: number | undefined
  #missingSince: number | undefined
  /** Of the access unit that is being put together, unwrapped. */
  #timestamp: number | undefined
  /** Nothing of it is missing, as far as it has come. */
  #isWhole = false
  /** The last packet ended an access unit, so that the next one begins another. */
  #atStart = false
  #needsKeyframe: boolean
  #lost = 0

  constructor(layer: ReadLayer) {
    this.#layer = layer
    this.#log = layer.log
    this.#depacketiser = createDepacketiser(layer.codec)
    this.#needsKeyframe = layer.codec !== 'opus'
    this.inspector = layer.codec === 'opus' ? undefined : new StreamInspector(layer.codec)
  }

  /** What the packets read so far say of the stream; undefined for sound. */
  get facts(): Readonly<StreamFacts> | undefined {
    return this.inspector?.facts
  }

  /** RTP time of the newest packet read, unwrapped. */
  get newestTimestamp(): number | undefined {
    return this.#timestamp
  }

  /** @returns the next access unit; undefined while it is not there as a whole */
  read(now: number): AccessUnit | undefined {
    this.#follow()
    for (;;) {
      if (!this.#locate(now)) return undefined
      const unit = this.#take()
      if (unit) return unit
    }
  }

  // A layer that nobody wanted for a while comes by another log then.
  #follow(): void {
    const { log, codec } = this.#layer
    if (log !== this.#log) {
      this.#log = log
      this.#next = undefined
      this.#lose(1)
    }
    if (this.#next === undefined && log.end > log.start) {
      this.#next = (codec === 'opus' ? undefined : log.keyframe) ?? log.start
      this.#atStart = true
    }
  }

  /** Finds the next packet, or what there is behind it when it has been waited for in vain. */
  #locate(now: number): boolean {
    if (this.#next === undefined || this.#next >= this.#log.end) return false
    if (this.#next >= this.#log.start && this.#log.locate(this.#next, this.#place)) {
      this.#missingSince = undefined
      return true
    }
    const held = this.#log.heldFrom(this.#next)
    if (held >= this.#log.end) return false
    this.#missingSince ??= now
    // What the log has let go of does not come back.
    const isOver = this.#next < this.#log.start || now - this.#missingSince >= repairPatience
    if (!isOver) return false
    this.#lose(held - this.#next)
    this.#next = held
    this.#missingSince = undefined
    return this.#log.locate(held, this.#place)
  }

  #lose(packets: number): void {
    this.#lost += packets
    this.#isWhole = false
    this.#atStart = false
    this.#needsKeyframe = this.#layer.codec !== 'opus'
    if (this.#layer.codec === 'opus') this.#atStart = true
  }

  /** Moves on by one packet. @returns the access unit that ended with it */
  #take(): AccessUnit | undefined {
    const { bytes, offset, length } = this.#place
    this.#next!++
    const packet = this.#packet
    if (!packet.read(bytes, offset, offset + length)) return undefined
    // Padding, sent to probe the path.
    if (packet.payloadStart === packet.payloadEnd) return undefined
    const timestamp = this.#unwrap(packet.timestamp)
    if (timestamp !== this.#timestamp) this.#begin(timestamp)
    this.inspector?.inspect(bytes, packet.payloadStart, packet.payloadEnd, packet.timestamp)
    if (!this.#depacketiser.add(bytes, packet.payloadStart, packet.payloadEnd))
      this.#isWhole = false
    return packet.marker || this.#layer.codec === 'opus' ? this.#finish() : undefined
  }

  #begin(timestamp: number): void {
    // One without a last packet: its marker was lost, or is none of this publisher's habits.
    if (this.#timestamp !== undefined && !this.#atStart && this.#isWhole) this.#lose(0)
    this.#depacketiser.finish()
    this.#isWhole = this.#atStart
    this.#atStart = false
    this.#timestamp = timestamp
  }

  #finish(): AccessUnit | undefined {
    const sample = this.#depacketiser.finish()
    const isWhole = this.#isWhole && sample !== undefined
    this.#atStart = true
    this.#isWhole = false
    if (!isWhole) {
      // A picture that cannot be put together is lost to all that refer to it.
      this.#needsKeyframe = this.#layer.codec !== 'opus'
      return undefined
    }
    if (this.#needsKeyframe && !sample.keyframe) return undefined
    this.#needsKeyframe = false
    const unit = { ...sample, timestamp: this.#timestamp!, lost: this.#lost }
    this.#lost = 0
    return unit
  }

  #unwrap(timestamp: number): number {
    if (this.#timestamp === undefined) return timestamp + 2 ** 32
    const last = this.#timestamp
    return last + timestampDistance(last % 2 ** 32, timestamp)
  }
}
