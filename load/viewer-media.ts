import type { Machine } from '#core/machine.ts'
import type { SrtpSender } from '#native/twin/srtp-sender.ts'
import { readTransportSequence } from '#rtp/header-extensions.ts'
import { ntpMiddle } from '#rtp/ntp.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { compound, readRtcp } from '#rtp/rtcp/compound.ts'
import { writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { writeSdes } from '#rtp/rtcp/sdes.ts'
import { writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { unwrapRtx } from '#rtp/rtx.ts'
import { TransportFeedbackRecorder } from '#rtp/transport-feedback.ts'
import type { PeerListener } from './client-peer.ts'
import { IncomingStream } from './incoming-stream.ts'
import type { ViewFormats } from './view-formats.ts'
import type { ReceptionCounters } from './viewer-result.ts'

export interface ViewerMediaOptions {
  readonly formats: ViewFormats
  /** Of our RTCP. */
  readonly ssrc: number
  readonly cname: string
  /** Sends a protected datagram to the server. */
  readonly send: (datagram: Buffer, length: number) => void
}

const reportInterval = 1000
/** Wait for a complete keyframe before the first PLI, and between two, in ms. */
const keyframeWait = 500
const keyframeInterval = 1000
/** A WHEP session has one audio and one video stream; a server that restarts them gets this far. */
const maxStreams = 8

/**
 * The receiving half of a viewer: tells streams apart, counts, and answers as a browser does, with
 * NACK, PLI, transport-wide feedback and receiver reports. Sans-IO: every `now` is monotonic ms.
 */
export class ViewerMedia implements PeerListener, Machine {
  readonly #options: ViewerMediaOptions
  readonly #packet = new RtpPacket()
  readonly #streams = new Map<number, IncomingStream>()
  readonly #feedback = new TransportFeedbackRecorder()
  #video: IncomingStream | undefined
  #srtp: SrtpSender | undefined
  #roundTrip = 0
  #reportAt = Number.POSITIVE_INFINITY
  /** For the first complete keyframe. */
  #waiting = false
  #pliAt = Number.POSITIVE_INFINITY
  #pliSentAt = Number.NEGATIVE_INFINITY
  #keyframeRequests = 0

  constructor(options: ViewerMediaOptions) {
    this.#options = options
  }

  connected(srtp: SrtpSender, roundTrip: number, now: number): void {
    this.#srtp = srtp
    this.#roundTrip = roundTrip
    this.#reportAt = now + reportInterval
  }

  rtp(bytes: Buffer, length: number, now: number): void {
    const packet = this.#packet
    if (!packet.read(bytes, 0, length)) return
    this.#recordArrival(packet, length, now)
    const format = this.#options.formats.byPayloadType.get(packet.payloadType)
    if (!format) return
    if (format.kind === 'rtx') {
      if (!this.#video || !unwrapRtx(packet, { ssrc: this.#video.ssrc, payloadType: format.of }))
        return
      this.#video.receive(packet, now)
    } else {
      const stream = this.#streams.get(packet.ssrc) ?? this.#open(packet.ssrc, format, now)
      if (!stream) return
      stream.statistics.receive(packet.sequenceNumber, packet.timestamp, now)
      stream.receive(packet, now)
    }
    if (this.#waiting && this.#video?.keyframeAt !== undefined) {
      this.#waiting = false
      this.#pliAt = Number.POSITIVE_INFINITY
    }
  }

  rtcp(bytes: Buffer, now: number): void {
    for (const packet of readRtcp(bytes)) {
      if (packet.kind !== 'sender-report') continue
      this.#streams.get(packet.ssrc)?.statistics.receiveSenderReport(ntpMiddle(packet.ntp), now)
    }
  }

  get nextTimeout(): number {
    let earliest = Math.min(this.#reportAt, this.#pliAt, this.#feedback.nextTimeout)
    for (const stream of this.#streams.values()) earliest = Math.min(earliest, stream.nextTimeout)
    return earliest
  }

  poll(now: number): void {
    for (const stream of this.#streams.values()) this.#repair(stream, now)
    if (this.#pliAt <= now) this.#requestKeyframe(now)
    this.#sendFeedback(now)
    if (this.#reportAt <= now) this.#report(now)
  }

  /** The video, once its first packet has come. */
  get video(): IncomingStream | undefined {
    return this.#video
  }

  get counters(): ReceptionCounters {
    const sum = { packets: 0, bytes: 0, lost: 0, repaired: 0, duplicates: 0, nacked: 0 }
    for (const { counters } of this.#streams.values()) {
      sum.packets += counters.packets
      sum.bytes += counters.bytes
      sum.lost += counters.lost
      sum.repaired += counters.repaired
      sum.duplicates += counters.duplicates
      sum.nacked += counters.nacked
    }
    return { ...sum, keyframeRequests: this.#keyframeRequests }
  }

  #open(ssrc: number, format: ConstructorParameters<typeof IncomingStream>[1], now: number) {
    if (this.#streams.size === maxStreams) return undefined
    const stream = new IncomingStream(ssrc, format, this.#roundTrip)
    this.#streams.set(ssrc, stream)
    if (format.kind === 'video' && !this.#video) {
      this.#video = stream
      this.#waiting = true
      this.#pliAt = now + keyframeWait
    }
    return stream
  }

  #recordArrival(packet: RtpPacket, length: number, now: number): void {
    const id = this.#options.formats.transportCcId
    const { extensions } = packet
    if (id === undefined || !extensions.find(id)) return
    const number = readTransportSequence(packet.bytes, extensions.start, extensions.end)
    if (number !== undefined) this.#feedback.receive(number, now, length)
  }

  #repair(stream: IncomingStream, now: number): void {
    for (let repair = stream.poll(now); repair; repair = stream.poll(now)) {
      if (repair.kind === 'nack')
        this.#send(writeNack(this.#options.ssrc, stream.ssrc, repair.lost))
      else if (stream.kind === 'video')
        this.#pliAt = Math.min(this.#pliAt, this.#pliSentAt + keyframeInterval)
    }
  }

  #requestKeyframe(now: number): void {
    if (!this.#video) return
    this.#send(writePli(this.#options.ssrc, this.#video.ssrc))
    this.#keyframeRequests++
    this.#pliSentAt = now
    this.#pliAt = this.#waiting ? now + keyframeInterval : Number.POSITIVE_INFINITY
  }

  #sendFeedback(now: number): void {
    const media = this.#video?.ssrc ?? 0
    for (let told = this.#feedback.poll(now); told; told = this.#feedback.poll(now)) {
      this.#send(writeTransportCc(this.#options.ssrc, media, told))
    }
  }

  #report(now: number): void {
    const { ssrc, cname } = this.#options
    const blocks = [...this.#streams.values()].flatMap((stream) => stream.report(now) ?? [])
    this.#send(compound(writeReceiverReport(ssrc, blocks), writeSdes([{ ssrc, cname }])))
    this.#reportAt = Math.max(this.#reportAt + reportInterval, now)
  }

  #send(plain: Buffer): void {
    if (!this.#srtp) return
    const datagram = this.#srtp.protectRtcp(plain)
    this.#options.send(datagram, datagram.length)
  }
}
