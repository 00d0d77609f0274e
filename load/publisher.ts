import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeOffer } from '#webrtc/sdp/client.ts'
import { ClientConnection, type ClientContext } from './client-connection.ts'
import { closedByServer } from './client-peer.ts'
import type { Clip } from './clip.ts'
import { SignallingError } from './http-signalling.ts'
import { offeredVideo, type PublisherKind, type PublisherSsrcs } from './publisher-layers.ts'
import { newCounters, type PublisherCounters } from './publisher-media.ts'
import { PublishingSession } from './publishing-session.ts'

/** A step of a publisher's life, for a line in a log. */
export type PublisherEvent =
  | { readonly kind: 'publishing' }
  /** @param retryIn seconds */
  | { readonly kind: 'waiting'; readonly why: string; readonly retryIn: number }

export interface PublisherOptions {
  /** The WHIP endpoint. */
  readonly url: string
  readonly token?: string | undefined
  readonly clip: Clip
  /** Whose offer and packets these are like; `obs` without. */
  readonly as?: PublisherKind
  /** Whether a picture in each second carries its capture time, for viewers of this tool. */
  readonly marks?: boolean
  /**
   * `obs` does as OBS: it gives up when the first POST fails or the server falls silent, and
   * connects again only after a close_notify (INTEROP IO-6, IO-26). `always` never gives up.
   */
  readonly persistence: 'obs' | 'always'
  readonly onEvent: (event: PublisherEvent) => void
}

interface SessionEnd {
  readonly why: string
  /** Whether there was a session at all. */
  readonly ran: boolean
}

/** Named like the program whose offer and habits these are: servers adapt to the name. */
const userAgents: Readonly<Record<PublisherKind, string>> = {
  obs: 'Mozilla/5.0 (OBS-Studio/32.2.2; Linux x86_64; en-US) tailrace-load',
  // Not a browser's own name: it says that keyframes can be had for the asking.
  browser: 'tailrace-load',
}

/** OBS: 2.0, 2.9, 4.2, 6.1 s …, 25 times. */
const obsWait = { first: 2, factor: 1.45, longest: 600, tries: 25 }
/** Without an end, and soon: the demo's server starts a moment later than its publisher. */
const alwaysWait = { first: 0.5, factor: 1.5, longest: 5, tries: Number.POSITIVE_INFINITY }

/** Publishes a clip in a loop for as long as it is let. */
export class Publisher {
  readonly counters: PublisherCounters = newCounters()
  readonly #context: ClientContext
  readonly #options: PublisherOptions
  // OBS keeps them over its reconnects, while sequence and time start anew.
  readonly #ssrcs: PublisherSsrcs
  #everConnected = false

  constructor(context: ClientContext, options: PublisherOptions) {
    this.#context = context
    this.#options = options
    const audio = randomBytes(4).readUInt32BE() & 0x7fff_fff0
    this.#ssrcs = { audio, video: audio + 1 }
  }

  /**
   * @param signal ends it in good order
   * @returns undefined when stopped by the signal, else why it gave up
   */
  async run(signal: AbortSignal): Promise<string | undefined> {
    const wait = this.#options.persistence === 'obs' ? obsWait : alwaysWait
    for (let failures = 0; !signal.aborted; ) {
      const end = await this.#session(signal)
      if (signal.aborted) break
      failures = end.ran ? 1 : failures + 1
      const { why } = end
      if (this.#givesUp(end) || failures > wait.tries) return why
      const retryIn = Math.min(wait.longest, wait.first * wait.factor ** (failures - 1))
      this.#options.onEvent({ kind: 'waiting', why, retryIn })
      await sleep(retryIn * 1000, undefined, { signal }).catch(() => {})
    }
    return undefined
  }

  // A session that falls silent is the end, and so is a first connect that is refused; what was
  // refused while connecting again is tried again.
  #givesUp({ why, ran }: SessionEnd): boolean {
    if (this.#options.persistence === 'always') return false
    return ran ? why !== closedByServer : !this.#everConnected
  }

  async #session(signal: AbortSignal): Promise<SessionEnd> {
    const ended = Promise.withResolvers<string>()
    let connection: ClientConnection
    try {
      connection = await this.#connect(signal, ended.resolve)
    } catch (error) {
      if (error instanceof SignallingError) return { why: error.message, ran: false }
      throw error
    }
    this.#everConnected = true
    this.#options.onEvent({ kind: 'publishing' })
    const stop = () => ended.resolve('stopped')
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const why = await ended.promise
    signal.removeEventListener('abort', stop)
    await connection.close()
    return { why, ran: true }
  }

  #connect(signal: AbortSignal, onEnd: (reason: string) => void): Promise<ClientConnection> {
    const { clip, marks, url, token, as = 'obs' } = this.#options
    const cname = randomBytes(12).toString('base64url')
    const { counters } = this
    const clock = this.#context.loop
    return ClientConnection.open(this.#context, {
      url,
      token,
      signal,
      userAgent: userAgents[as],
      // GCM is not always offered by OBS, but taken where it is (INTEROP IO-28).
      srtpProfiles: [1, 7],
      writeOffer: (transport) => {
        return writeOffer({
          direction: 'sendonly',
          transport,
          cname,
          streamId: cname,
          video: offeredVideo(as, clip.layers, this.#ssrcs.video),
          ...(clip.hasAudio && { audio: { ssrc: this.#ssrcs.audio } }),
        })
      },
      openMedia: (answer, send) => {
        return new PublishingSession({
          clip,
          marks,
          answer,
          as,
          ssrcs: this.#ssrcs,
          cname,
          clock,
          counters,
          send,
        })
      },
      onEnd,
    })
  }
}
