import type { LogClock, LogId, MediaPlane } from '#native/media-plane.ts'
import type { Slab } from '#native/slab.ts'
import { StreamInspector } from '#rtp/codecs/stream-inspector.ts'
import {
  type KeyframeDetector,
  keyframeDetector,
  type MediaCodec,
} from '#rtp/codecs/video-codec.ts'
import { NackGenerator } from '#rtp/nack-generator.ts'
import type { RtpPacket } from '#rtp/packet.ts'
import { ReceptionStatistics } from '#rtp/reception-statistics.ts'
import type { ReportBlock } from '#rtp/rtcp/reports.ts'
import { SequenceUnwrapper } from '#rtp/sequence.ts'
import { FreshPackets } from './fresh-packets.ts'
import { type KeyframeAnswers, KeyframeRequests } from './keyframe-requests.ts'
import { LayerMeter } from './layer-meter.ts'
import { LayerRate } from './layer-rate.ts'
import { type LayerRun, linkRepair } from './layer-run.ts'
import type { OperatingPoint } from './operating-point.ts'
import { OperatingPoints } from './operating-points.ts'
import { PacketLog } from './packet-log.ts'
import { mediaRate, type ViewedLayer } from './viewed-layer.ts'

export interface UpLayerOptions {
  readonly codec: MediaCodec
  readonly clockRate: number
  /** Simulcast encoding; undefined where there is one only. */
  readonly rid: string | undefined
  /** Whether lost packets may be asked for: not of every client's every layer (IO-23). */
  readonly repair: boolean
  readonly keyframeAnswers: KeyframeAnswers
  /** Id of the dependency descriptor, where the publisher may send it. */
  readonly dependencyId?: number | undefined
}

/** How a packet came. */
export interface Arrival {
  /** Monotonic ms. */
  readonly now: number
  /** Whether it came by RTX: late on purpose, and no measure of the path. */
  readonly repaired: boolean
  /** Its ingest index, where the plane has stored it and sent it to live viewers already. */
  readonly sent: number | undefined
}

/**
 * One encoding of an up-track on this node: its log, its repair and its facts. The ingest index
 * of a packet is its unwrapped sequence number, and stays its name along the whole tree.
 */
export class UpLayer implements ViewedLayer {
  readonly codec: MediaCodec
  readonly clockRate: number
  readonly rid: string | undefined
  #log = new PacketLog()
  #logId: LogId
  readonly keyframes: KeyframeRequests
  readonly inspector: StreamInspector | undefined
  readonly rate = new LayerRate()
  reception: ReceptionStatistics | undefined
  #clock: LogClock | undefined
  /** The publisher's, once a packet has shown it. */
  ssrc: number | undefined
  /** Ms between the last two keyframes. */
  keyframeInterval: number | undefined
  readonly #plane: MediaPlane
  readonly #meter = new LayerMeter()
  #lastReport: ReportBlock | undefined
  readonly #dependencyId: number | undefined
  #lower: OperatingPoints | undefined
  readonly #isKeyframe: KeyframeDetector | undefined
  #nack: NackGenerator | undefined
  /** Index of the newest packet of what it comes by now. */
  #newest = Number.NEGATIVE_INFINITY
  /** As that ended: the index up to which nothing was missing. */
  #heldUpTo: number | undefined
  #unwrapper = new SequenceUnwrapper()
  /** Of the run that it comes by; 0 where the publisher's own numbers count. */
  #base = 0
  #filledUpTo = 0
  #fresh: FreshPackets
  #keyframeSeen = false

  constructor(plane: MediaPlane, options: UpLayerOptions) {
    this.codec = options.codec
    this.clockRate = options.clockRate
    this.rid = options.rid
    this.#plane = plane
    this.#logId = plane.openLog(this.#log)
    this.#fresh = new FreshPackets(plane, this.#logId)
    this.#nack = options.repair ? new NackGenerator() : undefined
    this.keyframes = new KeyframeRequests(options.keyframeAnswers)
    this.#dependencyId = options.dependencyId
    if (options.codec !== 'opus') {
      this.#isKeyframe = keyframeDetector(options.codec)
      this.inspector = new StreamInspector(options.codec)
    }
    this.#lower = this.#openLower()
  }

  get log(): PacketLog {
    return this.#log
  }

  /** Another one after each `pause`. */
  get logId(): LogId {
    return this.#logId
  }

  /** @param bitrate bits per second, as another node has measured it */
  told(bitrate: number | undefined): void {
    this.#meter.told(bitrate)
  }

  bitsPerSecond(now: number): number {
    return this.#meter.bitsPerSecond(now, this.active && this.fillingUpTo === undefined)
  }

  get nack(): NackGenerator | undefined {
    return this.#nack
  }

  /**
   * While its log is still being filled from another node's: up to which index. A replay that is
   * at the log's end before that is not at the live end.
   */
  get fillingUpTo(): number | undefined {
    return this.log.end < this.#filledUpTo ? this.#filledUpTo : undefined
  }

  /**
   * From now on its packets come over a link, by this run. What it has stays.
   *
   * @param now monotonic ms
   */
  beginRun({ ssrc, base, from, end }: LayerRun, now: number): void {
    this.ssrc = ssrc
    this.reception = undefined
    this.#base = base
    this.#newest = from - 1
    this.#filledUpTo = end
    this.#meter.begin(this.fillingUpTo === undefined ? now : Number.POSITIVE_INFINITY)
    this.#unwrapper = new SequenceUnwrapper()
    this.#unwrapper.follow(from - base)
    this.#nack = new NackGenerator(linkRepair)
    // So that the loss of the very first ones is seen.
    this.#nack.receive((from - base - 1) & 0xffff, now)
  }

  /** The parent is gone: nothing can be asked for until another run begins. */
  endRun(): void {
    this.ssrc = undefined
    // What is lost by then is lost still.
    this.#heldUpTo = this.heldUpTo
    this.#nack = undefined
  }

  /**
   * It is not wanted here for now. What is held would be out of date when it is again, and comes by
   * another log then: in the old one its numbers have been used.
   */
  pause(): void {
    this.endRun()
    this.close()
    this.#heldUpTo = undefined
    this.#log = new PacketLog()
    this.#logId = this.#plane.openLog(this.#log)
    this.#fresh = new FreshPackets(this.#plane, this.#logId)
    this.#lower = this.#openLower()
    if (this.#clock) this.#plane.setClock(this.#logId, this.#clock)
  }

  /** Index up to which nothing is missing that a repair could still bring; undefined for nothing. */
  get heldUpTo(): number | undefined {
    const last = this.log.end - 1
    if (this.log.end === this.log.start) return undefined
    if (!this.#nack) return Math.min(last, this.#heldUpTo ?? last)
    // A run that begins within the log knows nothing of what lies after its newest packet.
    return Math.min(last, this.#newest) - (this.#nack.oldestLossBehind ?? 0)
  }

  framesPerSecond(now: number): number {
    return this.#meter.framesPerSecond(now)
  }

  /** Of packets before repair, 0–1, in the last report's interval. */
  get lossFraction(): number {
    return (this.#lastReport?.fractionLost ?? 0) / 256
  }

  get jitterMs(): number {
    return ((this.#lastReport?.jitter ?? 0) * 1000) / this.clockRate
  }

  /** What to report to the publisher, once a second. */
  report(now: number): ReportBlock | undefined {
    this.#lastReport = this.reception?.report(now)
    return this.#lastReport
  }

  /** Whether a packet has come yet, or is about to by a run. */
  get active(): boolean {
    return this.ssrc !== undefined
  }

  get clock(): LogClock | undefined {
    return this.#clock
  }

  /** What RTP time means is known, or known better. */
  setClock(clock: LogClock): void {
    this.#clock = clock
    this.#plane.setClock(this.logId, clock)
    for (const lower of this.lower) this.#plane.setClock(lower.logId, clock)
  }

  mediaRate(now: number): number {
    return mediaRate(this, now)
  }

  /**
   * Takes a packet of this layer, original or rebuilt from a repair.
   *
   * @param packet view of bytes inside `slab`
   * @returns its ingest index
   */
  receive(packet: RtpPacket, slab: Slab, { now, repaired, sent }: Arrival): number {
    const length = packet.end - packet.start
    if (!repaired) this.#measure(packet, now)
    this.#nack?.receive(packet.sequenceNumber, now)
    const index = sent ?? this.#base + this.#unwrapper.unwrap(packet.sequenceNumber)
    if (sent !== undefined) this.#unwrapper.follow(sent - this.#base)
    // From before the run: nothing that an honest node sends.
    if (index < this.#base) return index
    this.#newest = Math.max(this.#newest, index)
    if (!this.log.append(index, slab, packet.start, length, now)) return index
    if (index >= this.#filledUpTo) this.#meter.add(length, packet.marker, now)
    if (sent === undefined) this.#fresh.add(index)
    this.#inspect(packet, index, now)
    this.#lower?.advance(now)
    return index
  }

  get spatialId(): number | undefined {
    return this.#lower?.whole?.spatialId
  }

  get temporalId(): number | undefined {
    return this.#lower?.whole?.temporalId
  }

  /** What is left of it without its upper layers, from the smallest; none of a single layer. */
  get lower(): readonly OperatingPoint[] {
    return this.#lower?.points ?? []
  }

  /** Hands what came to the plane. @returns whether a new keyframe began in it */
  flush(): boolean {
    this.#fresh.deliver()
    const keyframe = this.#keyframeSeen
    this.#keyframeSeen = false
    return keyframe
  }

  close(): void {
    this.#lower?.close()
    this.#plane.closeLog(this.logId)
    this.log.clear()
  }

  #openLower(): OperatingPoints | undefined {
    if (this.#dependencyId === undefined || !this.#isKeyframe) return undefined
    return new OperatingPoints(this.#plane, this, this.#dependencyId, this.#isKeyframe)
  }

  #measure(packet: RtpPacket, now: number): void {
    this.reception ??= new ReceptionStatistics(packet.ssrc, this.clockRate)
    this.reception.receive(packet.sequenceNumber, packet.timestamp, now)
  }

  #inspect(packet: RtpPacket, index: number, now: number): void {
    const { bytes, payloadStart, payloadEnd } = packet
    this.inspector?.inspect(bytes, payloadStart, payloadEnd, packet.timestamp)
    if (!this.#isKeyframe?.(bytes, payloadStart, payloadEnd)) return
    const sinceLast = this.log.keyframeAge(now, this.clockRate)
    if (!this.log.markKeyframe(index)) return
    this.keyframes.received(now)
    // What was lost within the keyframe is still wanted; what came before it is not.
    const first = Math.max((this.log.keyframe ?? index) - this.#base, 0)
    this.#nack?.keyframeAt(first % 0x10000)
    this.keyframeInterval = sinceLast ?? this.keyframeInterval
    this.#keyframeSeen = true
  }
}
