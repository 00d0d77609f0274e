import { randomBytes } from 'node:crypto'
import { writeOffer } from '#webrtc/sdp/client.ts'
import { ClientConnection, type ClientContext } from './client-connection.ts'
import { SignallingError } from './http-signalling.ts'
import { readViewFormats } from './view-formats.ts'
import { ViewerMedia } from './viewer-media.ts'
import type { JoinTimes, ViewerResult } from './viewer-result.ts'

export interface ViewerOptions {
  /** The WHEP endpoint. */
  readonly url: string
  readonly token?: string | undefined
  readonly signal?: AbortSignal
}

/** Named like the browser whose offer is sent: servers adapt to the name. */
export const viewerUserAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 tailrace-load'

const nothingReceived = {
  packets: 0,
  bytes: 0,
  lost: 0,
  repaired: 0,
  duplicates: 0,
  nacked: 0,
  keyframeRequests: 0,
}

/** One WHEP viewer: joins, receives, and tells at any time how that went. */
export class Viewer {
  readonly #options: ViewerOptions
  readonly #context: ClientContext
  #connection: ClientConnection | undefined
  #media: ViewerMedia | undefined
  #hasVideo = true
  #failure: string | undefined

  constructor(context: ClientContext, options: ViewerOptions) {
    this.#context = context
    this.#options = options
  }

  /** Joins; a failure shows in the result, and is told in words by the return value. */
  async join(): Promise<string | undefined> {
    try {
      this.#connection = await ClientConnection.open(this.#context, {
        ...this.#options,
        userAgent: viewerUserAgent,
        srtpProfiles: [7, 1],
        writeOffer: (transport) => {
          const video = ['H264', 'VP8', 'VP9', 'AV1', 'H265'] as const
          return writeOffer({ direction: 'recvonly', transport, audio: true, video })
        },
        openMedia: (answer, send) => {
          const formats = readViewFormats(answer)
          this.#hasVideo = formats.hasVideo
          const ssrc = randomBytes(4).readUInt32BE()
          const cname = randomBytes(12).toString('base64')
          this.#media = new ViewerMedia({ formats, ssrc, cname, send })
          return this.#media
        },
        onEnd: (reason) => {
          this.#failure = reason
        },
      })
    } catch (error) {
      if (!(error instanceof SignallingError)) throw error
      this.#failure = error.reason
      return error.message
    }
    return undefined
  }

  get result(): ViewerResult {
    return {
      join: this.#joinTimes,
      reception: this.#media?.counters ?? nothingReceived,
      failure: this.#failure ?? this.#disappointment,
    }
  }

  /** Ends the session in good order. */
  async leave(): Promise<void> {
    await this.#connection?.close()
  }

  get #disappointment(): string | undefined {
    if (!this.#hasVideo) return this.#media?.counters.packets === 0 ? 'no sound' : undefined
    return this.#media?.video?.keyframeAt === undefined ? 'no picture' : undefined
  }

  get #joinTimes(): JoinTimes {
    const connection = this.#connection
    if (!connection) return {}
    const video = this.#media?.video
    const keyframe = video?.keyframeAt
    const caughtUp = video?.liveAt
    const times = {
      answer: connection.answeredAt,
      ice: connection.peer.iceAt,
      dtls: connection.peer.dtlsAt,
      firstPacket: video?.firstAt,
      keyframe,
      // Nobody is live without a picture.
      live: keyframe && caughtUp && Math.max(keyframe, caughtUp),
    }
    return Object.fromEntries(
      Object.entries(times)
        .filter(([, at]) => at !== undefined)
        .map(([phase, at]) => [phase, at! - connection.postedAt]),
    )
  }
}
