import type { Machine } from '#core/machine.ts'
import { compound, type RtcpPacket } from '#rtp/rtcp/compound.ts'
import { writeSdes } from '#rtp/rtcp/sdes.ts'
import { writeCaptureMark } from './capture-mark.ts'
import type { Clip, ClipFrame } from './clip.ts'
import { ClipSchedule, type DueFrame } from './clip-schedule.ts'
import type { OutgoingTrack, ProtectedPacket } from './outgoing-track.ts'
import type { PacketSealer } from './srtp.ts'
import type { VideoSender } from './video-sender.ts'

export interface PublisherMediaOptions {
  readonly clip: Clip
  /** Sends each layer of the clip. */
  readonly video: VideoSender
  /** Absent where the answer took no audio. */
  readonly audio: OutgoingTrack | undefined
  /** Whether a picture in each second carries its capture time: see `capture-mark.ts`. */
  readonly marks?: boolean | undefined
  readonly cname: string
  readonly srtp: PacketSealer
  /** Monotonic ms at which the clip begins. */
  readonly start: number
  /** Milliseconds since the Unix epoch at that moment. */
  readonly wallAtStart: number
  readonly send: (datagram: Buffer, length: number) => void
  /** Added to: the counters go on from one session of a publisher to the next. */
  readonly counters: PublisherCounters
}

/** What one publisher sent. */
export interface PublisherCounters {
  packets: number
  bytes: number
  keyframes: number
  /** Packets sent again for a NACK, and those that the history no longer held. */
  repaired: number
  unrepairable: number
  /** PLI and FIR, none of which is answered. */
  keyframeRequests: number
  /** Frames sent, and by how many ms they left late, in all and at worst. */
  frames: number
  lateTotal: number
  lateWorst: number
}

export function newCounters(): PublisherCounters {
  return {
    packets: 0,
    bytes: 0,
    keyframes: 0,
    repaired: 0,
    unrepairable: 0,
    keyframeRequests: 0,
    frames: 0,
    lateTotal: 0,
    lateWorst: 0,
  }
}

const reportInterval = 1000
/** A mark says where the clock stands, and that holds for the pictures after it. */
const markInterval = 1000
/** An access unit delimiter, which has to stay the first NAL unit of its picture. */
const delimiter = 9

/**
 * Sends a clip in a loop as OBS does: by the clock, deaf to PLI, FIR and REMB (INTEROP IO-22),
 * answering NACKs from its history, sender reports every second.
 */
export class PublisherMedia implements Machine {
  readonly #options: PublisherMediaOptions
  readonly #schedule: ClipSchedule
  #reportAt: number
  /** Media time from which on the next picture of each layer is marked. */
  readonly #markFrom: number[]

  constructor(options: PublisherMediaOptions) {
    this.#options = options
    this.#schedule = new ClipSchedule(options.clip, options.start)
    this.#reportAt = options.start
    const first = options.marks ? 0 : Number.POSITIVE_INFINITY
    this.#markFrom = Array.from({ length: options.clip.layers }, () => first)
  }

  get nextTimeout(): number {
    return Math.min(this.#schedule.nextAt, this.#reportAt)
  }

  poll(now: number): void {
    // The report goes first: OBS sends one before its first packet.
    if (this.#reportAt <= now) this.#report(now)
    for (let due = this.#schedule.take(now); due; due = this.#schedule.take(now)) {
      this.#send(due, now)
    }
  }

  receive(packet: RtcpPacket): void {
    if (packet.kind === 'pli' || packet.kind === 'fir') this.#options.counters.keyframeRequests++
    if (packet.kind !== 'nack') return
    const { video, audio } = this.#options
    const { media } = packet
    const isVideo = video.ssrcs.includes(media)
    if (!isVideo && audio?.ssrc !== media) return
    for (const lost of packet.lost) {
      const kept = isVideo ? video.repair(media, lost) : audio?.recall(lost)
      if (!kept) this.#options.counters.unrepairable++
      else {
        this.#options.send(kept.bytes, kept.length)
        this.#options.counters.repaired++
      }
    }
  }

  #send({ frame, media }: DueFrame, now: number): void {
    const { counters, video, audio, srtp } = this.#options
    if (frame.kind === 'audio' && !audio) return
    const late = now - (this.#options.start + media)
    counters.frames++
    counters.lateTotal += late
    counters.lateWorst = Math.max(counters.lateWorst, late)
    if (frame.keyframe) counters.keyframes++
    const payloads = frame.kind === 'video' ? this.#marked(frame, media) : frame.payloads
    const last = payloads.length - 1
    for (let i = 0; i <= last; i++) {
      const payload = payloads[i]!
      const packet =
        frame.kind === 'video'
          ? video.write(frame.layer, payload, i === last, media)
          : audio!.write(payload, i === last, media, srtp)
      this.#count(packet)
    }
  }

  #marked({ payloads, keyframe, layer }: ClipFrame, media: number): readonly Buffer[] {
    if (keyframe || media < this.#markFrom[layer]!) return payloads
    this.#markFrom[layer] = media + markInterval
    const mark = writeCaptureMark(this.#options.wallAtStart + media)
    return payloads.toSpliced((payloads[0]![0]! & 0x1f) === delimiter ? 1 : 0, 0, mark)
  }

  #count(packet: ProtectedPacket): void {
    this.#options.send(packet.bytes, packet.length)
    this.#options.counters.packets++
    this.#options.counters.bytes += packet.length
  }

  #report(now: number): void {
    const { video, audio, srtp, wallAtStart, cname } = this.#options
    const media = this.#schedule.mediaAt(now)
    const wall = wallAtStart + media
    const reports = [...video.reports(media, wall)]
    if (audio) reports.push({ ssrc: audio.ssrc, report: audio.senderReport(media, wall) })
    for (const { ssrc, report } of reports) {
      const names = writeSdes([{ ssrc, cname }])
      const datagram = srtp.protectRtcp(compound(report, names))
      this.#options.send(datagram, datagram.length)
    }
    this.#reportAt = Math.max(this.#reportAt + reportInterval, now)
  }
}
