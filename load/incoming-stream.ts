import { ReplayWindow } from '#native/replay-window.ts'
import { keyframeDetector } from '#rtp/codecs/video-codec.ts'
import { NackGenerator, type Repair } from '#rtp/nack-generator.ts'
import type { RtpPacket } from '#rtp/packet.ts'
import { ReceptionStatistics } from '#rtp/reception-statistics.ts'
import type { ReportBlock } from '#rtp/rtcp/reports.ts'
import { SequenceUnwrapper } from '#rtp/sequence.ts'
import { KeyframeWatch } from './keyframe-watch.ts'
import { LiveEdge } from './live-edge.ts'
import type { PayloadFormat } from './view-formats.ts'

/** A repair that comes later than this many packets has missed its picture long ago. */
const window = 4096

/** One RTP stream as a viewer gets it: what is missing, what came again, and when what was there. */
export class IncomingStream {
  readonly ssrc: number
  readonly kind: 'audio' | 'video'
  readonly statistics: ReceptionStatistics
  readonly #nack = new NackGenerator()
  readonly #unwrapper = new SequenceUnwrapper()
  readonly #seen = new ReplayWindow(window)
  /** Sequence numbers that were asked for and have not come. */
  readonly #asked = new Set<number>()
  readonly #startsKeyframe: ReturnType<typeof keyframeDetector> | undefined
  readonly #liveEdge: LiveEdge
  #watch: KeyframeWatch | undefined
  #first: number | undefined
  #firstAt: number | undefined
  #keyframeAt: number | undefined
  #packets = 0
  #bytes = 0
  #duplicates = 0
  #repaired = 0
  #nacked = 0

  constructor(ssrc: number, format: Exclude<PayloadFormat, { kind: 'rtx' }>, roundTrip: number) {
    this.ssrc = ssrc
    this.kind = format.kind
    this.statistics = new ReceptionStatistics(ssrc, format.clockRate)
    this.#nack.roundTrip = roundTrip
    this.#liveEdge = new LiveEdge(format.clockRate)
    if (format.kind === 'audio') return
    this.#startsKeyframe = keyframeDetector(format.codec)
    this.#watch = new KeyframeWatch(this.#startsKeyframe)
  }

  /** Takes a packet of this stream, its own or one rebuilt from RTX, and says if it is new. */
  receive(packet: RtpPacket, now: number): boolean {
    const { sequenceNumber } = packet
    const sequence = this.#unwrapper.unwrap(sequenceNumber)
    if (!this.#seen.isFresh(sequence)) {
      this.#duplicates++
      return false
    }
    this.#seen.accept(sequence)
    this.#first ??= sequence
    this.#firstAt ??= now
    this.#packets++
    this.#bytes += packet.end - packet.start
    this.#nack.receive(sequenceNumber, now)
    if (this.#asked.size > 0 && this.#asked.delete(sequenceNumber)) this.#repaired++
    this.#liveEdge.receive(packet.timestamp, now)
    if (this.#startsKeyframe) this.#look(packet, sequence, now)
    return true
  }

  poll(now: number): Repair | undefined {
    const repair = this.#nack.poll(now)
    if (repair?.kind !== 'nack') return repair
    this.#nacked += repair.lost.length
    // What was never repaired stays here; forgetting it all at times keeps the set small.
    if (this.#asked.size > window) this.#asked.clear()
    for (const lost of repair.lost) this.#asked.add(lost)
    return repair
  }

  get nextTimeout(): number {
    return this.#nack.nextTimeout
  }

  report(now: number): ReportBlock | undefined {
    return this.statistics.report(now)
  }

  /** Monotonic ms of the first packet, the first complete keyframe, and the live end. */
  get firstAt(): number | undefined {
    return this.#firstAt
  }

  get keyframeAt(): number | undefined {
    return this.#keyframeAt
  }

  get liveAt(): number | undefined {
    return this.#liveEdge.liveAt
  }

  /** All but the keyframe requests, which are the session's. */
  get counters() {
    const highest = this.#seen.highest ?? 0
    const expected = this.#first === undefined ? 0 : highest - this.#first + 1
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      // A packet from before the first one may come late, and was not expected.
      lost: Math.max(0, expected - this.#packets),
      repaired: this.#repaired,
      duplicates: this.#duplicates,
      nacked: this.#nacked,
    }
  }

  #look(packet: RtpPacket, sequence: number, now: number): void {
    if (this.#startsKeyframe?.(packet.bytes, packet.payloadStart, packet.payloadEnd)) {
      this.#nack.keyframeAt(packet.sequenceNumber)
    }
    if (!this.#watch?.receive(sequence, packet)) return
    this.#keyframeAt = now
    this.#watch = undefined
  }
}
