import { join } from 'node:path'
import { Child, within } from './child.ts'
import type { ClockScale } from './clock-reader.ts'
import type { Media } from './ffmpeg-media.ts'

export interface PublisherOptions {
  /** The WHIP endpoint. */
  readonly url: string
  readonly key?: string | undefined
  readonly media: Media
  /** Local address to send from; all of them without. */
  readonly bindAddress?: string
  /** Where the answer's candidate is said to be instead: an UdpProxy. */
  readonly through?: { readonly address: string; readonly port: number }
  /** Offers host candidates, which OBS does not. */
  readonly candidates?: boolean
  /** What the offer says of DTLS roles; `actpass` without. */
  readonly setup?: 'active'
}

export type PublisherEvent =
  | { kind: 'answered'; status: number; location: string | undefined; body: string }
  | { kind: 'state'; state: string }
  | { kind: 'started'; origin: number }
  | ({ kind: 'counters' } & PublisherCounters)
  | { kind: 'left'; status: number | undefined }
  | { kind: 'failed'; reason: string }

export type PublisherRequest = 'counters' | 'close' | 'delete'

export interface PublisherCounters {
  readonly packets: number
  /** PLI and FIR received, and ignored. */
  readonly keyframeRequests: number
  readonly nacks: number
  readonly state: string
}

const program = join(import.meta.dirname, 'libdatachannel-publisher-process.ts')

/** A publisher that behaves as OBS Studio does, in a process of its own. */
export class LibdatachannelPublisher {
  readonly #child: Child
  readonly #media: Media
  readonly #events: PublisherEvent[] = []
  readonly #waiting = new Set<() => void>()
  #origin = 0

  private constructor(options: PublisherOptions, namespace: string | undefined) {
    this.#media = options.media
    this.#child = new Child(process.execPath, [program], { namespace, ipc: true })
    this.#child.process.on('message', (event: PublisherEvent) => {
      this.#events.push(event)
      for (const wake of this.#waiting) wake()
    })
    this.#child.process.send(options)
  }

  /** Publishes; done when the first packet has left. Fails when the server refuses. */
  static async start(
    options: PublisherOptions,
    namespace?: string,
  ): Promise<LibdatachannelPublisher> {
    const publisher = new LibdatachannelPublisher(options, namespace)
    try {
      const answered = await publisher.#event('answered', 10_000)
      if (answered.status !== 201) throw new Error(`WHIP: ${answered.status} ${answered.body}`)
      publisher.#origin = (await publisher.#event('started', 15_000)).origin
      return publisher
    } catch (error) {
      await publisher.#child.stop('SIGKILL')
      throw error
    }
  }

  /** Which moment each frame number of the clip stands for. */
  get clock(): ClockScale {
    const { framesPerSecond, frames } = this.#media
    return { origin: this.#origin, tick: 1000 / framesPerSecond, modulus: frames }
  }

  async counters(): Promise<PublisherCounters> {
    this.#drop('counters')
    this.#child.process.send('counters' satisfies PublisherRequest)
    return await this.#event('counters', 5000)
  }

  /** Waits until the library reports this state of the connection, past states included. */
  async state(wanted: string, ms = 10_000): Promise<void> {
    await this.#event('state', ms, (event) => event.state === wanted)
  }

  /** Closes the connection, after a DELETE where asked; gives the status of the DELETE. */
  async stop(how: 'close' | 'delete' = 'close'): Promise<number | undefined> {
    if (!this.#child.running) return undefined
    this.#child.process.send(how satisfies PublisherRequest)
    const { status } = await this.#event('left', 10_000)
    await within(this.#child.exited, 10_000, () => 'the publisher to end')
    return status
  }

  /** Dies as with the power cut: no DELETE, no close_notify. */
  async vanish(): Promise<void> {
    await this.#child.stop('SIGKILL')
  }

  #drop(kind: PublisherEvent['kind']): void {
    const kept = this.#events.filter((event) => event.kind !== kind)
    this.#events.splice(0, this.#events.length, ...kept)
  }

  async #event<K extends PublisherEvent['kind']>(
    kind: K,
    ms: number,
    fits: (event: Extract<PublisherEvent, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<PublisherEvent, { kind: K }>> {
    const found = Promise.withResolvers<Extract<PublisherEvent, { kind: K }>>()
    const look = (): void => {
      for (const event of this.#events) {
        if (event.kind === 'failed') found.reject(new Error(`publisher: ${event.reason}`))
        const match = event as Extract<PublisherEvent, { kind: K }>
        if (event.kind === kind && fits(match)) found.resolve(match)
      }
    }
    this.#waiting.add(look)
    look()
    try {
      return await within(
        this.#child.expect(found.promise, ms, `the publisher's "${kind}"`),
        ms,
        () => `the publisher's "${kind}"`,
      )
    } finally {
      this.#waiting.delete(look)
    }
  }
}
