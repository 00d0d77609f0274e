import type { PeerId } from '#native/media-plane.ts'
import { SlabPool } from '#native/slab.ts'
import { Publication, type PublisherTraits } from '#relay/publication.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import type { ViewedLayer } from '#relay/viewed-layer.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { readDump, readRecordedSdp } from '#test/support/rtpdump.ts'
import { SimulatedClock } from '#test/support/simulated-time.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'
import { local } from '#test/webrtc/sdp/offers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher, type NegotiatedPublication } from '#webrtc/sdp/publish-answer.ts'
import { CountingObserver } from './counting-observer.ts'

export const browser: PublisherTraits = {
  client: 'chromium',
  keyframeAnswers: 'yes',
  nackHigherLayers: true,
}
export const obs: PublisherTraits = {
  client: 'obs',
  keyframeAnswers: 'no',
  nackHigherLayers: false,
}

/** What was negotiated for a recording; its codec is put first, as the browser was told to. */
export function recordedFormat(name: string, payloadType: number): NegotiatedPublication {
  const offer = readRecordedSdp(name, 'offer').replace(
    new RegExp(`^(m=video \\d+ \\S+)(.*) ${payloadType}\\b`, 'm'),
    `$1 ${payloadType}$2`,
  )
  return answerPublisher(parseOffer(offer), local).publication
}

/** One publication, fed with decrypted packets in simulated time. */
export class PublicationRig {
  readonly clock = new SimulatedClock(1000)
  readonly plane = new RecordingPlane()
  readonly observer = new CountingObserver()
  readonly publication: Publication
  /** Layers whose keyframe was told of, as rid and log index. */
  readonly keyframes: { readonly layer: ViewedLayer; readonly index: number }[] = []
  /** When it was told that the publisher is still there. */
  readonly aliveAt: number[] = []
  /** When it was told that the layers were looked at again. */
  readonly offeredAt: number[] = []
  readonly #writer = new SlabWriter(new SlabPool())

  constructor(format: NegotiatedPublication, traits = browser, peer: PeerId = 7) {
    this.publication = new Publication(peer, format, traits, {
      plane: this.plane,
      clock: this.clock,
      observer: this.observer,
      listener: {
        alive: (now) => {
          this.aliveAt.push(now)
        },
        offered: (now) => {
          this.offeredAt.push(now)
        },
        keyframe: (layer) => {
          this.keyframes.push({ layer, index: layer.log.keyframe! })
        },
      },
    })
  }

  /** One packet a batch, as the twin gives them. */
  receive(...packets: readonly Buffer[]): void {
    for (const packet of packets) {
      const { slab, offset, length } = this.#writer.write(packet)
      this.publication.receive({
        count: 1,
        slab,
        offsets: Uint32Array.of(offset),
        lengths: Uint16Array.of(length),
        arrivedAt: Float64Array.of(this.clock.now()),
      })
    }
  }

  /** Lets time pass, polling on the way. @param time monotonic ms */
  runTo(time: number): void {
    while (this.publication.nextTimeout <= time) {
      this.clock.time = Math.max(this.clock.time, this.publication.nextTimeout)
      this.publication.poll(this.clock.time)
    }
    this.clock.time = time
  }

  run(ms: number): void {
    this.runTo(this.clock.time + ms)
  }

  /**
   * Plays a recording at its own pace.
   *
   * @param keep false for a packet that is lost
   * @param until ms from its start
   */
  play(name: string, keep: (packet: Buffer) => boolean = () => true, until = Infinity): void {
    const start = this.clock.time
    for (const { ms, rtcp, packet } of readDump(name)) {
      if (ms > until) return
      this.runTo(start + ms)
      if (rtcp) this.publication.rtcp(packet)
      else if (keep(packet)) this.receive(packet)
    }
  }

  delivered(layer: UpLayer): readonly number[] {
    return this.plane.delivered.get(layer.logId) ?? []
  }
}
