import { readTransportSequence } from '#rtp/header-extensions.ts'
import type { RtpPacket } from '#rtp/packet.ts'
import { compound } from '#rtp/rtcp/compound.ts'
import { writeFir, writePli } from '#rtp/rtcp/keyframe-request.ts'
import { writeNack } from '#rtp/rtcp/nack.ts'
import { writeReceiverReport } from '#rtp/rtcp/reports.ts'
import { writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { TransportFeedbackRecorder } from '#rtp/transport-feedback.ts'
import type { PublishedTrack } from '#webrtc/sdp/publish-answer.ts'
import type { RelayObserver } from './observer.ts'
import type { RoutedMedia } from './ssrc-router.ts'
import type { UpLayer } from './up-layer.ts'

/** Our SSRC in what we send to publishers: we send them no media, so any will do. */
const feedbackSsrc = 1
/** Between two receiver reports, in ms. */
const reportInterval = 1000
/** Between two looks at losses and requests, in ms: half of the wait for reordering. */
const pollInterval = 10

/** All that a publisher is told: reports, losses, arrival times, keyframe requests. */
export class PublisherFeedback {
  readonly #media: readonly RoutedMedia[]
  readonly #observer: RelayObserver
  readonly #send: (rtcp: Buffer) => void
  readonly #transportCc: TransportFeedbackRecorder | undefined
  #transportCcId: number | undefined
  #nextTimeout = 0
  #reportDue = 0
  #nacks = 0
  #firSequence = 0

  constructor(
    media: readonly RoutedMedia[],
    observer: RelayObserver,
    send: (rtcp: Buffer) => void,
  ) {
    this.#media = media
    this.#observer = observer
    this.#send = send
    // In a bundle an id means the same in every section (RFC 9143 §8).
    for (const { format } of media) this.#transportCcId ??= format.extensions.transportCc
    if (this.#transportCcId !== undefined) this.#transportCc = new TransportFeedbackRecorder()
  }

  /** Packets asked for again. */
  get nacks(): number {
    return this.#nacks
  }

  get nextTimeout(): number {
    return this.#nextTimeout
  }

  /** Every packet of the transport counts, repairs and probes included (SRTP-61). */
  count(packet: RtpPacket, now: number): void {
    if (this.#transportCcId === undefined) return
    const found = packet.extensions
    if (!found.find(this.#transportCcId)) return
    const number = readTransportSequence(packet.bytes, found.start, found.end)
    if (number !== undefined) this.#transportCc?.receive(number, now, packet.end - packet.start)
  }

  poll(now: number, hasViewers: boolean): void {
    this.#nextTimeout = now + pollInterval
    for (const { format, layers } of this.#media) {
      for (const layer of layers) {
        if (layer.ssrc === undefined) continue
        this.#repair(layer, now)
        if (format.kind === 'video' && layer.keyframes.poll(now, hasViewers)) {
          this.#requestKeyframe(layer.ssrc, format)
        }
      }
    }
    if (this.#transportCc) this.#reportArrivals(this.#transportCc, now)
    if (now >= this.#reportDue) this.#report(now)
  }

  #repair(layer: UpLayer, now: number): void {
    for (let repair = layer.nack?.poll(now); repair; repair = layer.nack?.poll(now)) {
      if (repair.kind === 'keyframe') {
        layer.keyframes.want()
        continue
      }
      this.#nacks += repair.lost.length
      this.#observer.nacked('in', repair.lost.length)
      // Alone in its datagram: ffmpeg overlooks it otherwise (IO-42).
      this.#send(writeNack(feedbackSsrc, layer.ssrc!, repair.lost))
    }
  }

  #requestKeyframe(ssrc: number, format: PublishedTrack): void {
    this.#observer.keyframeRequested('in')
    if (format.feedback.has('nack pli')) this.#send(writePli(feedbackSsrc, ssrc))
    else if (format.feedback.has('ccm fir')) {
      this.#firSequence = (this.#firSequence + 1) & 0xff
      this.#send(writeFir(feedbackSsrc, [{ ssrc, commandNumber: this.#firSequence }]))
    }
  }

  #reportArrivals(recorder: TransportFeedbackRecorder, now: number): void {
    const media = this.#media.find(({ format }) => format.kind === 'video')?.layers[0]?.ssrc ?? 0
    for (let feedback = recorder.poll(now); feedback; feedback = recorder.poll(now)) {
      this.#send(writeTransportCc(feedbackSsrc, media, feedback))
    }
  }

  #report(now: number): void {
    this.#reportDue = now + reportInterval
    const blocks = this.#media.flatMap(({ layers }) => {
      return layers.flatMap((layer) => layer.report(now) ?? [])
    })
    if (blocks.length > 0) this.#send(compound(writeReceiverReport(feedbackSsrc, blocks)))
  }
}
