import { BandwidthEstimator } from '#rtp/congestion/bandwidth-estimator.ts'
import type { NumberedPacket } from '#rtp/congestion/feedback-digest.ts'
import { FeedbackReader } from '#rtp/congestion/feedback-reader.ts'
import type { Probe } from '#rtp/congestion/probe-control.ts'
import { writeTransportCc } from '#rtp/rtcp/transport-cc.ts'
import { readTransportCc } from '#rtp/rtcp/transport-cc-reader.ts'
import { TransportFeedbackRecorder } from '#rtp/transport-feedback.ts'
import { Bottleneck, type BottleneckOptions, seeded } from './bottleneck.ts'

const packetBytes = 1200
const framesPerSecond = 30
/** Bytes that may leave at once, in ms of the pace. */
const pacerBurst = 30

export interface WorldOptions extends BottleneckOptions {
  readonly start?: number
  /**
   * Bits per second of video that there is to send, from the estimate and ms: a layer, or what an
   * encoder would make of it.
   */
  readonly media: (estimate: number, now: number, estimator: BandwidthEstimator) => number
  /** What is wanted beyond, in bits per second; none if absent. */
  readonly wanted?: (estimate: number, now: number) => number
  /** Every so many frames one is so many times as large. */
  readonly keyframes?: { readonly every: number; readonly factor: number }
  readonly feedbackLoss?: number
}

/** What the estimator said at one moment. */
export interface Sample {
  /** Ms. */
  readonly at: number
  readonly estimate: number
  /** Bits per second of media, as it was chosen. */
  readonly media: number
  readonly state: string
  /** Ms of waiting in the queue. */
  readonly queue: number
}

/**
 * A sender with a pacer, a bottleneck and a receiver that reports as Chromium does, joined by
 * simulated time in steps of 1 ms.
 */
export class ViewerWorld {
  readonly link: Bottleneck
  readonly estimator: BandwidthEstimator
  readonly samples: Sample[] = []
  readonly probes: (Probe & { readonly at: number })[] = []
  now = 1000
  /** Numbered bytes that left, and those of probes among them. */
  sent = 0
  probed = 0
  dropped = 0
  readonly #options: WorldOptions
  readonly #random = seeded(7)
  readonly #reader = new FeedbackReader()
  readonly #recorder = new TransportFeedbackRecorder()
  readonly #history: (NumberedPacket & { readonly number: number })[] = []
  readonly #flying: { readonly number: number; readonly bytes: number; readonly at: number }[] = []
  readonly #reports: { readonly packet: Buffer; readonly at: number }[] = []
  #number = 0
  #waiting = 0
  #budget = 0
  #frames = 0
  #probe:
    | { readonly cluster: number; readonly pace: number; left: number; budget: number }
    | undefined

  constructor(options: WorldOptions) {
    this.#options = options
    this.link = new Bottleneck(options, this.#random)
    this.estimator = new BandwidthEstimator({ start: options.start ?? 300_000, minimum: 50_000 })
  }

  /** @param time ms from now */
  run(time: number): this {
    for (const end = this.now + time; this.now < end; this.now++) this.#step()
    return this
  }

  /** The samples from then on, ms. */
  since(at: number): Sample[] {
    return this.samples.filter((sample) => sample.at >= at)
  }

  #step(): void {
    this.#makeFrame()
    this.#pace()
    this.#sendProbe()
    while (this.#flying[0] && this.#flying[0].at <= this.now) {
      const { number, bytes, at } = this.#flying.shift()!
      this.#recorder.receive(number & 0xffff, at, bytes)
    }
    this.#reportBack()
    while (this.#reports[0] && this.#reports[0].at <= this.now)
      this.#hear(this.#reports.shift()!.packet)
    if (this.now % 200 === 0) this.estimator.poll(this.now)
  }

  #makeFrame(): void {
    const due = Math.floor(((this.now - 1000) * framesPerSecond) / 1000) + 1
    for (; this.#frames < due; this.#frames++) {
      const media = this.#options.media(this.estimator.estimate, this.now, this.estimator)
      const { every, factor } = this.#options.keyframes ?? { every: 1, factor: 1 }
      // The others are smaller, so that the rate remains.
      const share = every / (every - 1 + factor)
      const size = this.#frames % every === 0 ? factor * share : share
      this.#waiting += (media / 8 / framesPerSecond) * size
      this.samples.push({
        at: this.now,
        estimate: this.estimator.estimate,
        media,
        state: this.estimator.state,
        queue: this.link.waiting(this.now),
      })
    }
  }

  #pace(): void {
    const { pacing } = this.estimator
    this.#budget = Math.min(this.#budget + pacing, pacing * pacerBurst)
    while (this.#waiting >= 1 && this.#budget > 0) {
      const bytes = Math.min(packetBytes, Math.ceil(this.#waiting))
      this.#waiting = Math.max(0, this.#waiting - bytes)
      this.#budget -= bytes
      this.#send(bytes)
    }
  }

  #sendProbe(): void {
    const probe = this.#probe
    if (!probe) return
    probe.budget += probe.pace
    while (probe.budget >= 0 && probe.left > 0) {
      this.probed += packetBytes
      this.#send(packetBytes)
    }
    if (probe.left <= 0) this.#probe = undefined
  }

  #send(bytes: number): void {
    const number = this.#number++
    const cluster = this.#probe?.cluster ?? 0
    this.#history[number % 1024] = { number, at: this.now, bytes, cluster }
    this.sent += bytes
    // What leaves meanwhile is part of the probe.
    if (this.#probe) {
      this.#probe.budget -= bytes
      this.#probe.left -= bytes
    }
    const at = this.link.send(bytes, this.now)
    if (at === undefined) this.dropped++
    else this.#flying.push({ number, bytes, at })
  }

  #reportBack(): void {
    for (let next = this.#recorder.poll(this.now); next; next = this.#recorder.poll(this.now)) {
      if (this.#random() < (this.#options.feedbackLoss ?? 0)) continue
      this.#reports.push({ packet: writeTransportCc(1, 2, next), at: this.now + 25 })
    }
  }

  #hear(packet: Buffer): void {
    const feedback = readTransportCc(packet)
    if (!feedback) throw new Error('the feedback cannot be read')
    const sent = (number: number) => {
      const entry = this.#history[number % 1024]
      return entry && (entry.number & 0xffff) === number ? entry : undefined
    }
    const digest = this.#reader.read(feedback, sent, this.now)
    this.estimator.sentBytes(this.now, this.sent)
    this.estimator.report(digest, this.now)
    const wanted = this.#options.wanted?.(this.estimator.estimate, this.now) ?? 0
    const probe = this.estimator.takeProbe(this.now, wanted)
    if (!probe) return
    this.probes.push({ ...probe, at: this.now })
    this.#probe = { cluster: probe.cluster, pace: probe.pace, left: probe.bytes, budget: 0 }
  }
}
