import { randomBytes } from 'node:crypto'
import type { Answer } from '#webrtc/sdp/client.ts'
import { writeOffer } from '#webrtc/sdp/client.ts'
import type { Age } from './capture-latency.ts'
import { ClientConnection, type ClientContext } from './client-connection.ts'
import { type ClientChannel, ClientSocket, type DatagramReceiver } from './client-socket.ts'
import { HeaderCounts } from './header-counts.ts'
import { SignallingError } from './http-signalling.ts'
import type { PacketCounts } from './packet-counts.ts'
import type { StreamFigures } from './stream-figures.ts'
import { readViewFormats, type ViewFormats } from './view-formats.ts'
import { ViewerMedia } from './viewer-media.ts'
import {
  type Cohort,
  type JoinTimes,
  nothingReceived,
  nothingSeen,
  type PictureCounters,
  type Totals,
  type ViewerResult,
} from './viewer-result.ts'

export interface ViewerOptions {
  /** The WHEP endpoint. */
  readonly url: string
  readonly token?: string | undefined
  readonly signal?: AbortSignal
  readonly cohort?: Cohort
  /** Gets the age of each picture; with it every packet is decrypted. */
  readonly onLatency?: ((age: Age) => void) | undefined
}

/** Named like the browser whose offer is sent: servers adapt to the name. */
export const viewerUserAgent =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 tailrace-load'

/** One WHEP viewer: joins, receives, and tells at any time how that went. */
export class Viewer {
  readonly #options: ViewerOptions
  readonly #context: ClientContext
  #connection: ClientConnection | undefined
  #media: ViewerMedia | undefined
  #formats: ViewFormats | undefined
  #counts: PacketCounts | undefined
  #joining: Promise<string | undefined> | undefined
  #failure: string | undefined
  #final: ViewerResult | undefined

  constructor(context: ClientContext, options: ViewerOptions) {
    this.#context = context
    this.#options = options
  }

  /** Joins; a failure shows in the result, and is told in words by the return value. */
  join(): Promise<string | undefined> {
    this.#joining ??= this.#join()
    return this.#joining
  }

  /** So far, or to its end. */
  get result(): ViewerResult {
    return this.#final ?? this.#current
  }

  get #current(): ViewerResult {
    const now = this.#context.loop.now()
    const figures = this.#media?.figures(now) ?? []
    return {
      cohort: this.#options.cohort ?? 'ramp',
      join: this.#joinTimes(figures),
      reception: this.#media?.counters(now) ?? nothingReceived,
      picture: pictureOf(figures),
      jitter: jitterOf(figures),
      decrypted: this.#options.onLatency !== undefined,
      undecryptable: this.#connection?.peer.undecryptable ?? 0,
      failure: this.#failure ?? this.#disappointment(figures),
    }
  }

  /** What the headers told so far, by stream. */
  get figures(): StreamFigures[] {
    return this.#media?.figures(this.#context.loop.now()) ?? []
  }

  /** The same of its video. */
  get video(): StreamFigures | undefined {
    return this.figures.find(({ kind }) => kind === 'video')
  }

  get totals(): Totals {
    return totalsOf(this.figures)
  }

  /** Why there is no session, though nobody left it. */
  get ended(): string | undefined {
    return this.#failure
  }

  /** URL of the session, and of its events; undefined before it is joined. */
  get session(): ClientConnection['session'] | undefined {
    return this.#connection?.session
  }

  /** Monotonic ms at which there was a picture. */
  get pictureAt(): number | undefined {
    return this.#media?.keyframeAt
  }

  /** Ends the session in good order. */
  async leave(): Promise<void> {
    this.#final ??= this.#current
    // A session that is being made would stay.
    await this.#joining
    await this.#connection?.close()
  }

  async #join(): Promise<string | undefined> {
    try {
      this.#connection = await ClientConnection.open(this.#context, {
        ...this.#options,
        userAgent: viewerUserAgent,
        srtpProfiles: [7, 1],
        writeOffer: (transport) => {
          const video = ['H264', 'VP8', 'VP9', 'AV1', 'H265'] as const
          return writeOffer({ direction: 'recvonly', transport, audio: true, video })
        },
        openChannel: (answer, family, receiver) => this.#openChannel(answer, family, receiver),
        openMedia: (_, send) => this.#openMedia(send),
        onEnd: (reason) => {
          this.#failure = reason
          this.#final = this.#current
        },
      })
    } catch (error) {
      if (!(error instanceof SignallingError)) throw error
      this.#failure = error.reason
      return error.message
    }
    return undefined
  }

  async #openChannel(
    answer: Answer,
    family: 4 | 6,
    receiver: DatagramReceiver,
  ): Promise<ClientChannel> {
    const { sink } = this.#context
    const formats = readViewFormats(answer)
    this.#formats = formats
    if (sink) {
      const session = sink.session(family, formats, receiver)
      this.#counts = session
      return session
    }
    this.#counts = new HeaderCounts(formats)
    return ClientSocket.open(family, receiver)
  }

  #openMedia(send: (datagram: Buffer, length: number) => void): ViewerMedia {
    const { loop } = this.#context
    this.#media = new ViewerMedia({
      formats: this.#formats!,
      counts: this.#counts!,
      ssrc: randomBytes(4).readUInt32BE(),
      cname: randomBytes(12).toString('base64'),
      send,
      onLatency: this.#options.onLatency,
      wallAt: (now) => loop.wallAt(now),
      onDeadline: () => this.#connection?.noteDeadline(),
    })
    return this.#media
  }

  #disappointment(figures: readonly StreamFigures[]): string | undefined {
    if (this.#formats?.hasVideo === false) return figures.length === 0 ? 'no sound' : undefined
    return this.#media?.keyframeAt === undefined ? 'no picture' : undefined
  }

  #joinTimes(figures: readonly StreamFigures[]): JoinTimes {
    const connection = this.#connection
    if (!connection) return {}
    const { iceAt, dtlsAt } = connection.peer
    const video = figures.find(({ kind }) => kind === 'video')
    const keyframe = this.#media?.keyframeAt
    const times = {
      answer: connection.answeredAt,
      ice: iceAt,
      dtls: dtlsAt,
      // Headers are counted as they come; what comes before the keys is of no use yet.
      firstPacket: dtlsAt && video && Math.max(dtlsAt, video.firstAt),
      keyframe,
      // Nobody is live without a picture.
      live: keyframe && video?.liveAt && Math.max(keyframe, video.liveAt),
    }
    return Object.fromEntries(
      Object.entries(times)
        .filter(([, at]) => at !== undefined)
        .map(([phase, at]) => [phase, at! - connection.postedAt]),
    )
  }
}

function totalsOf(figures: readonly StreamFigures[]): Totals {
  const sum = (pick: (stream: StreamFigures) => number) => {
    return figures.reduce((so, stream) => so + pick(stream), 0)
  }
  return {
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    lost: sum(({ lost }) => lost),
    freezes: sum(({ freezes }) => freezes),
  }
}

function pictureOf(figures: readonly StreamFigures[]): PictureCounters {
  const video = figures.find(({ kind }) => kind === 'video')
  if (!video) return nothingSeen
  const { frames, wholeFrames, freezes, longestFreeze, frozen } = video
  return { frames, wholeFrames, freezes, longestFreeze, frozen }
}

function jitterOf(figures: readonly StreamFigures[]): number | undefined {
  const stream = figures.find(({ kind }) => kind === 'video') ?? figures[0]
  return stream && stream.jitter / stream.ticksPerMs
}
