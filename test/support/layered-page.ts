import type { ClockGeometry } from './clock-reader.ts'
import type { ViewReport } from './media-page.ts'
import type { Stage } from './stage.ts'

/** A page that calls functions of its modules: Chromium's or Firefox's. */
interface CallablePage {
  call<T>(name: string, ...args: unknown[]): Promise<T>
}

interface Encoding {
  readonly rid?: string
  readonly scaleResolutionDownBy?: number
  readonly maxBitrate?: number
  readonly scalabilityMode?: string
}

export interface LayeredPublishOptions {
  readonly codec: 'VP8' | 'H264' | 'VP9' | 'AV1'
  readonly clock: ClockGeometry
  readonly framesPerSecond?: number
  readonly encodings: readonly Encoding[]
}

/** One of what an encoder sends, as its own statistics say. */
export interface SentEncoding {
  readonly active: boolean
  readonly width: number
  readonly framesPerSecond: number
  readonly framesEncoded: number
  readonly keyFramesEncoded: number
  readonly nackCount: number
  readonly pliCount: number
  readonly bytesSent: number
  readonly scalabilityMode?: string
  readonly limitation?: string
}

/** Of the `layers` event. */
export interface ToldLayer {
  readonly rid?: string
  readonly spatialLayerId?: number
  readonly temporalLayerId?: number
  readonly bitrate: number
  readonly width?: number
  readonly height?: number
  readonly selected?: boolean
}

/** What was seen of some pictures, and what the receiver counted meanwhile. */
export interface Seen {
  readonly framesPerSecond: number
  readonly widths: readonly number[]
  readonly pictures: number
  readonly unreadable: number
  /** Ms. */
  readonly longestFreeze: number
  readonly framesDecoded: number
  readonly keyFramesDecoded: number
  readonly framesDropped: number
  readonly freezeCount: number
  readonly nackCount: number
  readonly pliCount: number
  readonly packetsLost: number
}

/** A publisher of several encodings, or of one with layers within it. */
export class LayeredPublishing {
  readonly #page: CallablePage
  readonly #id: number

  private constructor(page: CallablePage, id: number) {
    this.#page = page
    this.#id = id
  }

  /** Done when the answer is applied. `extend` must have brought `/layered.js`. */
  static async open(
    { server, page }: Stage,
    stream: string,
    options: LayeredPublishOptions,
  ): Promise<LayeredPublishing> {
    const target = { url: server.whip(stream), token: server.key }
    const id = await page.call<number>('publishLayered', { ...target, ...options })
    return new LayeredPublishing(page, id)
  }

  async report(): Promise<Readonly<Record<string, SentEncoding>>> {
    return await this.#page.call('call', this.#id, 'report')
  }

  /** Whether the encoding of that rid is sent. */
  async setActive(rid: string, active: boolean): Promise<void> {
    await this.#page.call('call', this.#id, 'setActive', rid, active)
  }

  /** The server's SDP. */
  async answer(): Promise<string> {
    return await this.#page.call('call', this.#id, 'answer')
  }

  async close(): Promise<void> {
    await this.#page.call('close', this.#id)
  }
}

/** A viewer that chooses among layers. */
export class LayeredViewing {
  readonly #page: CallablePage
  readonly #id: number

  private constructor(page: CallablePage, id: number) {
    this.#page = page
    this.#id = id
  }

  /** Done when the answer is applied. `extend` must have brought `/layered.js`. */
  static async open(
    page: CallablePage,
    options: { readonly url: string; readonly clock: ClockGeometry },
  ): Promise<LayeredViewing> {
    return new LayeredViewing(page, await page.call<number>('viewLayered', options))
  }

  /** Status of the choice. */
  async select(layer: Readonly<Record<string, unknown>>): Promise<number> {
    return await this.#call('select', layer)
  }

  /** Pictures since the choice until the first of this width, that one included. */
  async shows(width: number, ms = 10_000): Promise<number> {
    return await this.#call('shows', width, ms)
  }

  /** What is seen of the next `count` pictures. */
  async over(count: number, ms = 15_000): Promise<Seen> {
    return await this.#call('over', count, ms)
  }

  /** As the last `layers` event told them. */
  async layers(): Promise<readonly ToldLayer[]> {
    return await this.#call('layers')
  }

  async mark(): Promise<void> {
    await this.#call('mark')
  }

  async report(): Promise<ViewReport> {
    return await this.#call('report')
  }

  async firstFrame(ms = 15_000): Promise<ViewReport> {
    return await this.#call('firstFrame', ms)
  }

  async close(): Promise<void> {
    await this.#page.call('close', this.#id)
  }

  async #call<T>(method: string, ...args: unknown[]): Promise<T> {
    return await this.#page.call<T>('call', this.#id, method, ...args)
  }
}
