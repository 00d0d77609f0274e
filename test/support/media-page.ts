import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { Child } from './child.ts'
import type { ClockGeometry, ClockScale } from './clock-reader.ts'

const pages = join(import.meta.dirname, '..', 'e2e', 'pages')
const program = join(import.meta.dirname, 'media-page-server.ts')

export interface ViewOptions {
  /** The WHEP endpoint. */
  readonly url: string
  readonly token?: string
  readonly kinds?: readonly ('audio' | 'video')[]
  readonly clock?: ClockGeometry
  readonly scale?: ClockScale
  /** A picture no older than this many ms counts as live; 300 without. */
  readonly liveAge?: number
  readonly through?: { readonly address: string; readonly port: number }
  /** What the offer says of DTLS roles; `actpass` without. */
  readonly setup?: 'active'
}

export interface PublishOptions {
  /** The WHIP endpoint. */
  readonly url: string
  readonly token?: string
  readonly codec: 'VP8' | 'H264' | 'VP9' | 'AV1'
  /** Gives the size of the picture too. */
  readonly clock: ClockGeometry
  readonly framesPerSecond?: number
  /** What the offer says of DTLS roles; `actpass` without. */
  readonly setup?: 'active'
  readonly through?: { readonly address: string; readonly port: number }
}

interface ConnectionState {
  readonly state: string
  /** Ms of the page's clock. */
  readonly at: number
}

/** What a viewer saw so far. Times are ms of the page's clock, ages and gaps ms. */
export interface ViewReport {
  readonly state: string
  readonly states: readonly ConnectionState[]
  readonly times: {
    readonly click: number
    readonly posted: number
    readonly answered: number
    readonly firstFrame?: number
    /** Age of the first picture whose clock could be read. */
    readonly firstAge?: number
    readonly live?: number
  }
  /** Wall-clock ms of the page's time 0. */
  readonly timeOrigin: number
  readonly session: string
  /** Pictures shown (`requestVideoFrameCallback`). */
  readonly frames: number
  readonly width: number
  readonly height: number
  /** Longest time between two pictures since the last `mark`. */
  readonly longestGap: number
  /** The same without the time in which the page itself was given none by the machine. */
  readonly longestFreeze: number
  /** Gaps over 200 ms since the last `mark`, when they ended, and how long the page stood still. */
  readonly gaps: readonly { readonly at: number; readonly gap: number; readonly stall: number }[]
  /** The clock in the last picture, and that picture's age. */
  readonly number?: number
  readonly age?: number
  /** Pictures since the last `mark` whose clock could not be read. */
  readonly unreadable: number
  readonly codec?: string
  /** Where the media comes from. */
  readonly remoteAddress?: string
  readonly transport?: 'udp' | 'tcp'
  readonly framesDecoded: number
  readonly framesDropped: number
  readonly keyFramesDecoded: number
  readonly freezeCount: number
  readonly freezeSeconds: number
  readonly packetsLost: number
  readonly packetsReceived: number
  readonly nackCount: number
  readonly pliCount: number
  readonly audioLevel: number
  readonly audioEnergy: number
  readonly audioPackets: number
  readonly concealedSamples: number
}

export interface PublicationReport {
  readonly state: string
  readonly states: readonly ConnectionState[]
  readonly session: string
  readonly codec?: string
  /** Why the encoder sends less than it is given: 'cpu', 'bandwidth', 'none'. */
  readonly qualityLimitation?: string
  readonly framesEncoded: number
  readonly keyFramesEncoded: number
  readonly pliCount: number
  readonly nackCount: number
}

/** One page in the browser that views and publishes for the test. */
export class MediaPage {
  readonly page: Page
  readonly #context: BrowserContext
  readonly #server: Child

  private constructor(context: BrowserContext, page: Page, server: Child) {
    this.#context = context
    this.page = page
    this.#server = server
  }

  /**
   * Opens the page from an origin of its own (plain HTTP on loopback, hence a secure context),
   * inside `namespace` where the browser runs in one. `folders` are served too, by path prefix.
   */
  static async open(
    browser: Browser,
    options: {
      readonly namespace?: string | undefined
      readonly folders?: Record<string, string>
    } = {},
  ): Promise<MediaPage> {
    const port = Promise.withResolvers<string>()
    const folders = Object.entries(options.folders ?? {}).map(([path, at]) => `${path}=${at}`)
    const server = new Child(process.execPath, [program, pages, ...folders], {
      namespace: options.namespace,
      onLine: (line) => port.resolve(line),
    })
    const origin = `http://127.0.0.1:${await server.expect(port.promise, 10_000, 'the page server')}`
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(origin)
    await page.waitForFunction('globalThis.tailrace !== undefined')
    return new MediaPage(context, page, server)
  }

  /** Joins; done when the answer is applied. Fails with the status when the POST is refused. */
  async view(options: ViewOptions): Promise<Viewing> {
    return new Viewing(this, await this.call<number>('view', options))
  }

  async publish(options: PublishOptions): Promise<Publishing> {
    return new Publishing(this, await this.call<number>('publish', options))
  }

  /** The clock in what the page publishes. */
  async clockScale(): Promise<ClockScale> {
    return await this.call('clockScale')
  }

  /** Calls a function of `globalThis.tailrace` in the page. */
  async call<T>(name: string, ...args: unknown[]): Promise<T> {
    return (await this.page.evaluate(
      ([called, given]) => {
        const functions: Record<string, (...args: unknown[]) => unknown> = Reflect.get(
          globalThis,
          'tailrace',
        )
        return functions[called]!(...given)
      },
      [name, args] as const,
    )) as T
  }

  async close(): Promise<void> {
    await this.#context.close()
    await this.#server.stop()
  }
}

class PageSession {
  readonly #page: MediaPage
  readonly #id: number

  constructor(page: MediaPage, id: number) {
    this.#page = page
    this.#id = id
  }

  /** Waits until the connection has been in this state. */
  async state(wanted: string, ms = 15_000): Promise<void> {
    await this.call('state', wanted, ms)
  }

  /** Restarts ICE by PATCH; done when media is on the new path. */
  async restart(ms = 15_000): Promise<{ readonly etag: string; readonly fragment: string }> {
    return await this.call('restart', ms)
  }

  /** Status of a PATCH without candidates, with this in If-Match. */
  async patch(ifMatch?: string): Promise<number> {
    return await this.call('patch', ifMatch)
  }

  /** Ends the session, with a DELETE unless told otherwise. */
  async close(options: { readonly remove?: boolean } = {}): Promise<void> {
    await this.#page.call('close', this.#id, options)
  }

  protected async call<T>(method: string, ...args: unknown[]): Promise<T> {
    return await this.#page.call<T>('call', this.#id, method, ...args)
  }
}

/** A viewer in the page. Each wait fails with the viewer's report. */
export class Viewing extends PageSession {
  async report(): Promise<ViewReport> {
    return await this.call('report')
  }

  async firstFrame(ms = 15_000): Promise<ViewReport> {
    return await this.call('firstFrame', ms)
  }

  /** Waits for a picture no older than `liveAge`. */
  async live(ms = 15_000): Promise<ViewReport> {
    return await this.call('live', ms)
  }

  /** Waits for `count` more pictures, and for a shape (width by height) where one is given. */
  async moreFrames(
    count: number,
    ms = 15_000,
    shape: { readonly aspectRatio?: number } = {},
  ): Promise<ViewReport> {
    return await this.call('moreFrames', count, ms, shape)
  }

  /** Waits until the decoded sound has energy. */
  async sound(ms = 15_000): Promise<ViewReport> {
    return await this.call('sound', ms)
  }

  /** How the media comes. */
  async path(): Promise<{ readonly candidateType?: string; readonly relayProtocol?: string }> {
    return await this.call('path')
  }

  /** Starts `longestGap` and `unreadable` anew. */
  async mark(): Promise<void> {
    await this.call('mark')
  }

  async setScale(scale: ClockScale): Promise<void> {
    await this.call('setScale', scale)
  }
}

/** A publisher in the page. */
export class Publishing extends PageSession {
  async report(): Promise<PublicationReport> {
    return await this.call('report')
  }

  /** Waits until pictures leave. */
  async sending(ms = 15_000): Promise<PublicationReport> {
    return await this.call('sending', ms)
  }
}
