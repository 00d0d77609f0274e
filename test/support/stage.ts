import type { Browser } from 'playwright-core'
import { chromiumUnavailable, launchChromium } from './chromium.ts'
import { type Media, makeMedia } from './ffmpeg-media.ts'
import { LibdatachannelPublisher, type PublisherOptions } from './libdatachannel-publisher.ts'
import type { LineConditions } from './lossy-line.ts'
import type { ViewOptions } from './media-page.ts'
import { MediaPage, type Publishing, type PublishOptions, type Viewing } from './media-page.ts'
import { NetworkPair, netnsUnavailable } from './netns.ts'
import { ServerProcess } from './server-process.ts'

export interface StageOptions {
  /** Conditions of each direction between server and browser; both on loopback without. */
  readonly line?: LineConditions
  /** Loopback address of the server; 127.0.0.1 without. */
  readonly address?: string
  /** Of the line's losses. */
  readonly seed?: number
  /** More settings of the server, with the prefix `TAILRACE_`. */
  readonly env?: Record<string, string>
  /** Folders that the page serves too, by path prefix. */
  readonly folders?: Record<string, string>
  /** Words after `node server/main.ts`. */
  readonly serverFlags?: readonly string[]
  readonly chromiumFlags?: readonly string[]
}

/** The long forms of tests that run shorter by default. */
export const long = process.env.TAILRACE_LONG === '1'
/**
 * What is promised in the long form, on a machine that is idle otherwise; in the short one three
 * times as much, for one that is slow and stands still now and then: only a fault takes longer.
 */
export const allowed = (promised: number): number => (long ? promised : 3 * promised)
/** Why a spec that has no short form is not run; `undefined` where it is. */
export const longOnly = long ? undefined : 'takes minutes: TAILRACE_LONG=1 npm test -- cluster'

/** Why there can be no stage here; `undefined` where there can. */
export function stageUnavailable(options: { readonly line?: boolean } = {}): string | undefined {
  return chromiumUnavailable() ?? (options.line ? netnsUnavailable() : undefined)
}

/** A server, a browser with one page, and publishers as they are called for. */
export class Stage {
  readonly server: ServerProcess
  readonly browser: Browser
  readonly page: MediaPage
  /** The line between server and browser, where there is one. */
  readonly line: NetworkPair | undefined
  readonly media: Media
  readonly #publishers: LibdatachannelPublisher[] = []

  private constructor(parts: Pick<Stage, 'server' | 'browser' | 'page' | 'line' | 'media'>) {
    this.server = parts.server
    this.browser = parts.browser
    this.page = parts.page
    this.line = parts.line
    this.media = parts.media
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const media = await makeMedia()
    await using opened = new AsyncDisposableStack()
    const keep = <T extends { close(): Promise<void> }>(part: T): T =>
      opened.adopt(part, () => part.close())
    const line = options.line && keep(await NetworkPair.make({ seed: options.seed ?? 1 }))
    if (options.line) line?.setBoth(options.line)
    const namespace = line?.far.namespace
    const starting = ServerProcess.start({
      end: line?.near,
      address: options.address,
      flags: options.serverFlags ?? [],
      env: options.env ?? {},
    }).then((server) => opened.adopt(server, async () => void (await server.stop())))
    const launching = launchChromium({ namespace, flags: options.chromiumFlags ?? [] })
      .then(keep)
      .then(async (browser) => {
        const folders = options.folders ?? {}
        return { browser, page: keep(await MediaPage.open(browser, { namespace, folders })) }
      })
    // Of two of which one fails, the other is there to be closed once both are done.
    await Promise.allSettled([starting, launching])
    const [server, { browser, page }] = await Promise.all([starting, launching])
    opened.move()
    return new Stage({ server, browser, page, line, media })
  }

  /** Publishes as OBS does, from where the server stands; done when packets leave. */
  async obs(
    stream: string,
    options: Partial<PublisherOptions> = {},
  ): Promise<LibdatachannelPublisher> {
    const { server, media, line } = this
    const publisher = await LibdatachannelPublisher.start(
      { url: server.whip(stream), key: server.key, media, ...options },
      line?.near.namespace,
    )
    this.#publishers.push(publisher)
    return publisher
  }

  async publish(
    stream: string,
    options: Omit<PublishOptions, 'url' | 'token'>,
  ): Promise<Publishing> {
    const { server } = this
    return await this.page.publish({ url: server.whip(stream), token: server.key, ...options })
  }

  async view(stream: string, options: Omit<ViewOptions, 'url'> = {}): Promise<Viewing> {
    return await this.page.view({ url: this.server.whep(stream), ...options })
  }

  /** Ends everything, the server last but one, and fails if it does not end in time. */
  async close(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.vanish()
    await this.page.close()
    await this.browser.close()
    try {
      await this.server.stop()
    } finally {
      await this.line?.close()
    }
  }
}
