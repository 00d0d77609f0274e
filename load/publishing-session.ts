import { randomBytes } from 'node:crypto'
import type { Clock } from '#core/clock.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import type { Answer } from '#webrtc/sdp/client.ts'
import { publishPayloadTypes } from '#webrtc/sdp/client-sections.ts'
import { isActive } from '#webrtc/sdp/media-description.ts'
import { BrowserVideo } from './browser-video.ts'
import type { SessionMedia } from './client-connection.ts'
import type { Clip } from './clip.ts'
import { ObsVideo } from './obs-video.ts'
import { OutgoingTrack } from './outgoing-track.ts'
import {
  browserLayers,
  firstNumber,
  obsLayers,
  type PublisherKind,
  type PublisherSsrcs,
} from './publisher-layers.ts'
import { type PublisherCounters, PublisherMedia } from './publisher-media.ts'
import type { PacketSealer } from './srtp.ts'
import type { VideoSender } from './video-sender.ts'

export interface PublishingOptions {
  readonly clip: Clip
  /** Whether a picture in each second carries its capture time. */
  readonly marks?: boolean | undefined
  readonly answer: Answer
  readonly as: PublisherKind
  readonly ssrcs: PublisherSsrcs
  readonly cname: string
  readonly clock: Clock
  readonly counters: PublisherCounters
  readonly send: (datagram: Buffer, length: number) => void
}

/** As many as libdatachannel keeps for OBS. */
const audioHistory = 128

/** The media side of one publishing session. Media begins with the keys. */
export class PublishingSession implements SessionMedia {
  readonly #options: PublishingOptions
  #media: PublisherMedia | undefined

  constructor(options: PublishingOptions) {
    this.#options = options
  }

  connected(srtp: PacketSealer, _roundTrip: number, now: number): void {
    const { answer, clock } = this.#options
    const takesAudio = answer.media.some((section) => section.kind === 'audio' && isActive(section))
    this.#media = new PublisherMedia({
      ...this.#options,
      srtp,
      video: this.#video(srtp),
      audio: takesAudio ? this.#audioTrack() : undefined,
      start: now,
      // `now` is when the last datagram of the handshake came, and that was a moment ago.
      wallAtStart: clock.wall() - (clock.now() - now),
    })
  }

  wantsRtp(): boolean {
    // A publisher's peer sends none.
    return false
  }

  rtp(): void {
    // None is wanted.
  }

  rtcp(compound: Buffer): void {
    for (const packet of readRtcp(compound)) this.#media?.receive(packet)
  }

  get nextTimeout(): number {
    return this.#media?.nextTimeout ?? Number.POSITIVE_INFINITY
  }

  poll(now: number): void {
    this.#media?.poll(now)
  }

  #video(srtp: PacketSealer): VideoSender {
    const { as, clip, ssrcs } = this.#options
    if (as === 'browser') return new BrowserVideo(browserLayers(clip.layers, ssrcs.video), srtp)
    const tracks = obsLayers(clip.layers, ssrcs.video).map((layer) => new OutgoingTrack(layer))
    return new ObsVideo(tracks, srtp)
  }

  #audioTrack(): OutgoingTrack {
    return new OutgoingTrack({
      ssrc: this.#options.ssrcs.audio,
      payloadType: publishPayloadTypes.opus,
      clockRate: 48_000,
      firstSequenceNumber: firstNumber(),
      firstTimestamp: randomBytes(4).readUInt32BE(),
      extensions: [],
      history: audioHistory,
    })
  }
}
