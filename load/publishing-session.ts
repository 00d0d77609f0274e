import { randomBytes } from 'node:crypto'
import type { Clock } from '#core/clock.ts'
import { readRtcp } from '#rtp/rtcp/compound.ts'
import type { Answer } from '#webrtc/sdp/client.ts'
import { publishExtensions, publishPayloadTypes } from '#webrtc/sdp/client-sections.ts'
import { isActive } from '#webrtc/sdp/media-description.ts'
import type { SessionMedia } from './client-connection.ts'
import type { Clip } from './clip.ts'
import { OutgoingTrack } from './outgoing-track.ts'
import { type PublisherCounters, PublisherMedia } from './publisher-media.ts'
import type { PacketSealer } from './srtp.ts'

export interface PublishingOptions {
  readonly clip: Clip
  /** Whether a picture in each second carries its capture time. */
  readonly marks?: boolean | undefined
  readonly answer: Answer
  readonly ssrcs: { readonly audio: number; readonly video: number }
  readonly cname: string
  readonly clock: Clock
  readonly counters: PublisherCounters
  readonly send: (datagram: Buffer, length: number) => void
}

/** As many as libdatachannel keeps for OBS. */
const videoHistory = 512
const audioHistory = 128

/**
 * The media side of one publishing session. Media begins with the keys, numbered as OBS numbers
 * it: video from 0 in every session, audio from anywhere (INTEROP IO-29).
 */
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
      video: this.#videoTrack(),
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

  #videoTrack(): OutgoingTrack {
    return new OutgoingTrack({
      ssrc: this.#options.ssrcs.video,
      payloadType: publishPayloadTypes.H264,
      clockRate: 90_000,
      firstSequenceNumber: 0,
      firstTimestamp: 0,
      // On every packet, without simulcast too (INTEROP IO-21).
      extensions: [
        { id: publishExtensions.mid, data: Buffer.from('1') },
        { id: publishExtensions.rid, data: Buffer.from('0') },
      ],
      history: videoHistory,
    })
  }

  #audioTrack(): OutgoingTrack {
    return new OutgoingTrack({
      ssrc: this.#options.ssrcs.audio,
      payloadType: publishPayloadTypes.opus,
      clockRate: 48_000,
      // The lower half: a loss at the first wrap could cost the receiver its index (SRTP-16).
      firstSequenceNumber: randomBytes(2).readUInt16BE() >> 1,
      firstTimestamp: randomBytes(4).readUInt32BE(),
      extensions: [],
      history: audioHistory,
    })
  }
}
