import type { Machine } from '#core/machine.ts'
import { ntpMiddle } from '#rtp/ntp.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { compound, readRtcp } from '#rtp/rtcp/compound.ts'
import { writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import type { SenderReport } from '#rtp/rtcp/reports.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { writeSdes } from '#rtp/rtcp/sdes.ts'
import { writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { unwrapRtx } from '#rtp/rtx.ts'
import { ArrivalFeedback } from './arrival-feedback.ts'
import { type Age, CaptureLatency } from './capture-latency.ts'
import { readCaptureMark } from './capture-mark.ts'
import type { PeerListener } from './client-peer.ts'
import { KeyframeAsking } from './keyframe-asking.ts'
import { KeyframeSearch } from './keyframe-search.ts'
import type { CountListener, PacketCounts } from './packet-counts.ts'
import { ReceptionReports } from './reception-reports.ts'
import type { PacketSealer } from './srtp.ts'
import type { StreamFigures } from './stream-figures.ts'
import { StreamRepair } from './stream-repair.ts'
import type { PayloadFormat, ViewFormats } from './view-formats.ts'
import type { ReceptionCounters } from './viewer-result.ts'

export interface ViewerMediaOptions {
  readonly formats: ViewFormats
  readonly counts: PacketCounts
  /** Of our RTCP. */
  readonly ssrc: number
  readonly cname: string
  /** Sends a protected datagram to the server. */
  readonly send: (datagram: Buffer, length: number) => void
  /**
   * Gets the age of each picture. With it everything is decrypted; without, only until there is a
   * picture, and then what RTX brings.
   */
  readonly onLatency?: ((age: Age) => void) | undefined
  /** @param now monotonic ms @returns the same moment in ms since the Unix epoch */
  readonly wallAt: (now: number) => number
  /** Called when `nextTimeout` has moved by what native code told, outside of `rtp` and `poll`. */
  readonly onDeadline: () => void
}

const reportInterval = 1000
/** A browser's: over 1 Mbit/s every 50 ms, under it every 100 ms. */
const fastFeedback = 50
const slowFeedback = 100
/** Arrivals of 100 ms at 1 Mbit/s, in packets of 1250 bytes. */
const manyArrivals = 10

/**
 * The receiving half of a viewer: it answers as a browser does, with NACK, PLI, transport-wide
 * feedback and receiver reports, by what the headers of the packets tell. Sans-IO: every `now` is
 * monotonic ms.
 */
export class ViewerMedia implements PeerListener, CountListener, Machine {
  readonly #options: ViewerMediaOptions
  readonly #packet = new RtpPacket()
  readonly #repairs = new Map<number, StreamRepair>()
  readonly #reports = new ReceptionReports()
  readonly #feedback = new ArrivalFeedback()
  readonly #keyframes = new KeyframeAsking()
  #search: KeyframeSearch | undefined
  #latency: CaptureLatency | undefined
  /** SSRC of the video, or of the sound where there is none. */
  #watched: number | undefined
  #keyframeAt: number | undefined
  #srtp: PacketSealer | undefined
  #roundTrip = 0
  #reportAt = Number.POSITIVE_INFINITY
  #feedbackAt = Number.POSITIVE_INFINITY
  #feedbackInterval = slowFeedback
  #repeated = 0

  constructor(options: ViewerMediaOptions) {
    this.#options = options
    options.counts.listen(this)
  }

  connected(srtp: PacketSealer, roundTrip: number, now: number): void {
    this.#srtp = srtp
    this.#roundTrip = roundTrip
    this.#reportAt = now + reportInterval
  }

  wantsRtp(datagram: Buffer, now: number): boolean {
    this.#options.counts.receive(datagram, now)
    return this.#looksAtAll || this.#formatOf(datagram[1]! & 0x7f)?.kind === 'rtx'
  }

  rtp(bytes: Buffer, length: number, now: number): void {
    const packet = this.#packet
    if (!packet.read(bytes, 0, length)) return
    const format = this.#formatOf(packet.payloadType)
    if (!format) return
    if (format.kind === 'rtx') this.#restore(packet, format.of, now)
    else this.#look(packet, format, now)
  }

  rtcp(bytes: Buffer, now: number): void {
    for (const packet of readRtcp(bytes)) {
      if (packet.kind === 'sender-report') this.#receiveSenderReport(packet, now)
    }
  }

  gap(ssrc: number, before: number, after: number, now: number): void {
    this.#repairOf(ssrc)?.gap(before, after, now)
    this.#options.onDeadline()
  }

  late(ssrc: number, sequenceNumber: number, now: number): void {
    this.#repairOf(ssrc)?.filled(sequenceNumber, now)
  }

  arrivals(now: number): void {
    this.#feedbackAt = Math.min(this.#feedbackAt, now + this.#feedbackInterval)
    this.#options.onDeadline()
  }

  get nextTimeout(): number {
    let earliest = Math.min(this.#reportAt, this.#feedbackAt, this.#keyframes.nextTimeout)
    for (const repair of this.#repairs.values()) earliest = Math.min(earliest, repair.nextTimeout)
    return earliest
  }

  poll(now: number): void {
    for (const repair of this.#repairs.values()) this.#repair(repair, now)
    if (this.#keyframes.poll(now)) this.#send(writePli(this.#options.ssrc, this.#watched ?? 0))
    if (this.#feedbackAt <= now) this.#sendFeedback()
    if (this.#reportAt <= now) this.#report(now)
  }

  /** Monotonic ms at which the first keyframe was complete. */
  get keyframeAt(): number | undefined {
    return this.#keyframeAt
  }

  /** What the headers told, by stream. */
  figures(now: number): StreamFigures[] {
    return this.#options.counts.figures(now)
  }

  counters(now: number): ReceptionCounters {
    const sum = {
      packets: 0,
      bytes: 0,
      lost: 0,
      repaired: 0,
      duplicates: this.#repeated,
      nacked: 0,
    }
    for (const { packets, bytes, lost, duplicates } of this.figures(now)) {
      sum.packets += packets
      sum.bytes += bytes
      sum.lost += lost
      sum.duplicates += duplicates
    }
    for (const { repaired, nacked } of this.#repairs.values()) {
      sum.repaired += repaired
      sum.nacked += nacked
    }
    return { ...sum, keyframeRequests: this.#keyframes.count }
  }

  get #looksAtAll(): boolean {
    const { formats, onLatency } = this.#options
    return onLatency !== undefined || (formats.hasVideo && this.#keyframeAt === undefined)
  }

  #formatOf(payloadType: number): PayloadFormat | undefined {
    return this.#options.formats.byPayloadType.get(payloadType)
  }

  // Whoever counts the packets bounds their streams.
  #repairOf(ssrc: number): StreamRepair | undefined {
    let repair = this.#repairs.get(ssrc)
    if (!repair) {
      const found = this.figures(0).find((stream) => stream.ssrc === ssrc)
      if (!found) return undefined
      repair = new StreamRepair(ssrc, found.kind, this.#roundTrip)
      this.#repairs.set(ssrc, repair)
    }
    return repair
  }

  #restore(packet: RtpPacket, payloadType: number, now: number): void {
    const ssrc = this.#watched
    if (ssrc === undefined || !unwrapRtx(packet, { ssrc, payloadType })) return
    const { sequenceNumber, marker } = packet
    const length = packet.end - packet.start
    if (!this.#options.counts.restore({ ssrc, sequenceNumber, marker, length }, now)) {
      this.#repeated++
      return
    }
    this.#repairOf(ssrc)?.filled(sequenceNumber, now)
    const format = this.#formatOf(payloadType)
    if (format && format.kind !== 'rtx') this.#look(packet, format, now)
  }

  #look(packet: RtpPacket, format: Exclude<PayloadFormat, { kind: 'rtx' }>, now: number): void {
    const { formats, onLatency } = this.#options
    if (format.kind === 'audio' && formats.hasVideo) return
    if (this.#watched === undefined) {
      this.#watched = packet.ssrc
      this.#latency = onLatency && new CaptureLatency(format.clockRate)
      if (format.kind === 'video') {
        this.#search = new KeyframeSearch(format.codec)
        this.#keyframes.begin(now)
      }
    }
    if (packet.ssrc !== this.#watched) return
    if (this.#search) this.#seek(this.#search, packet, now)
    if (this.#latency) this.#measure(this.#latency, packet, format.kind, now)
  }

  // A picture is as old as its last packet.
  #measure(latency: CaptureLatency, packet: RtpPacket, kind: 'audio' | 'video', now: number): void {
    const { timestamp, bytes, payloadStart, payloadEnd } = packet
    const captured = readCaptureMark(bytes, payloadStart, payloadEnd)
    if (captured !== undefined) latency.receiveMark(timestamp, captured)
    if (!packet.marker && kind === 'video') return
    const age = latency.measure(timestamp, now, this.#options.wallAt(now))
    if (age) this.#options.onLatency?.(age)
  }

  #seek(search: KeyframeSearch, packet: RtpPacket, now: number): void {
    if (!search.receive(packet)) return
    this.#keyframeAt = now
    this.#search = undefined
    this.#keyframes.end()
    if (!this.#looksAtAll) this.#options.counts.handUpAll(false)
  }

  #receiveSenderReport({ ssrc, ntp, rtpTimestamp }: SenderReport, now: number): void {
    this.#reports.receiveSenderReport(ssrc, ntpMiddle(ntp), now)
    if (ssrc === this.#watched) this.#latency?.receiveSenderReport(ntp, rtpTimestamp)
  }

  #repair(stream: StreamRepair, now: number): void {
    for (let repair = stream.poll(now); repair; repair = stream.poll(now)) {
      if (repair.kind === 'nack') {
        this.#send(writeNack(this.#options.ssrc, stream.ssrc, repair.lost))
      } else if (stream.kind === 'video') this.#keyframes.need()
    }
  }

  #sendFeedback(): void {
    this.#feedbackAt = Number.POSITIVE_INFINITY
    const arrivals = this.#options.counts.takeArrivals()
    const isFast = arrivals.length * slowFeedback > manyArrivals * this.#feedbackInterval
    this.#feedbackInterval = isFast ? fastFeedback : slowFeedback
    const media = this.#watched ?? 0
    for (const told of this.#feedback.report(arrivals)) {
      this.#send(writeTransportCc(this.#options.ssrc, media, told))
    }
  }

  #report(now: number): void {
    const { ssrc, cname } = this.#options
    const blocks = this.figures(now).map((stream) => this.#reports.block(stream, now))
    this.#send(compound(writeReceiverReport(ssrc, blocks), writeSdes([{ ssrc, cname }])))
    this.#reportAt = Math.max(this.#reportAt + reportInterval, now)
  }

  #send(plain: Buffer): void {
    if (!this.#srtp) return
    const datagram = this.#srtp.protectRtcp(plain)
    this.#options.send(datagram, datagram.length)
  }
}
