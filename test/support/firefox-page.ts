import { join } from 'node:path'
import { Child } from './child.ts'
import type { Firefox } from './firefox.ts'
import type { PublicationReport, PublishOptions, ViewOptions, ViewReport } from './media-page.ts'

const pages = join(import.meta.dirname, '..', 'e2e', 'pages')
const program = join(import.meta.dirname, 'media-page-server.ts')

/** Calls a function of `globalThis.tailrace`, once it is there. */
const caller = `async (name, ...args) => {
  while (!globalThis.tailrace) await new Promise((wake) => setTimeout(wake, 5))
  return await globalThis.tailrace[name](...args)
}`

/** `a=setup` of an offer as it was posted, and of its answer. */
export interface Roles {
  readonly offered: string
  readonly answered: string
}

/** MIME types. */
export interface VideoCodecs {
  readonly sent: readonly string[]
  readonly received: readonly string[]
}

interface Response {
  readonly status: number
  readonly body: string
}

/** What came of an offer of the server's, and the role that the browser chose. */
interface OurOffer {
  readonly posted: Response
  readonly patched: Response
  readonly setup: string
}

/** The test page in Firefox: the same WHIP and WHEP client as in Chromium (`MediaPage`). */
export class FirefoxPage {
  readonly #firefox: Firefox
  readonly #server: Child

  private constructor(firefox: Firefox, server: Child) {
    this.#firefox = firefox
    this.#server = server
  }

  static async open(firefox: Firefox): Promise<FirefoxPage> {
    const port = Promise.withResolvers<string>()
    const server = new Child(process.execPath, [program, pages], { onLine: port.resolve })
    try {
      const at = await server.expect(port.promise, 10_000, 'the page server')
      await firefox.remote.navigate(`http://127.0.0.1:${at}`)
      const page = new FirefoxPage(firefox, server)
      await page.call('extend', '/firefox.js')
      return page
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** Joins; done when the answer is applied. Fails with the status when the POST is refused. */
  async view(options: ViewOptions): Promise<FirefoxSession<ViewReport>> {
    return new FirefoxSession(this, await this.call<number>('view', options))
  }

  /** Joins by an offer of the server's, as `server-offer.js` can. */
  async viewByOurOffer(
    call: string,
    options: { readonly url: string; readonly lacking?: readonly string[] },
  ): Promise<OurOffer & { readonly viewing: FirefoxSession<ViewReport> }> {
    await this.call('extend', '/server-offer.js')
    const { id, ...rest } = await this.call<OurOffer & { id: number }>(call, {
      lacking: [],
      ...options,
    })
    return { ...rest, viewing: new FirefoxSession(this, id) }
  }

  async publish(options: PublishOptions): Promise<FirefoxSession<PublicationReport>> {
    return new FirefoxSession(this, await this.call<number>('publish', options))
  }

  /**
   * Says who begins the handshake, in offers from now on. Firefox offers `actpass`, and takes the
   * answer `passive` to it as it would to `active`.
   */
  async offerSetup(setup: 'actpass' | 'active'): Promise<void> {
    await this.call('rewriteOffers', '^a=setup:actpass', `a=setup:${setup}`)
  }

  /** What became of the last offer. */
  async roles(): Promise<Roles> {
    return await this.call('roles')
  }

  async videoCodecs(): Promise<VideoCodecs> {
    return await this.call('videoCodecs')
  }

  async call<T>(name: string, ...args: unknown[]): Promise<T> {
    return await this.#firefox.remote.call<T>(caller, name, ...args)
  }

  async close(): Promise<void> {
    await this.#server.stop()
  }
}

/** A viewer or a publisher in the page. Its methods are those of `Viewing` and `Publishing`. */
export class FirefoxSession<Report> {
  readonly #page: FirefoxPage
  readonly #id: number

  constructor(page: FirefoxPage, id: number) {
    this.#page = page
    this.#id = id
  }

  async report(): Promise<Report> {
    return await this.#call('report')
  }

  async firstFrame(ms = 15_000): Promise<Report> {
    return await this.#call('firstFrame', ms)
  }

  async live(ms = 15_000): Promise<Report> {
    return await this.#call('live', ms)
  }

  async moreFrames(count: number, ms = 15_000): Promise<Report> {
    return await this.#call('moreFrames', count, ms)
  }

  async sound(ms = 15_000): Promise<Report> {
    return await this.#call('sound', ms)
  }

  async sending(ms = 15_000): Promise<Report> {
    return await this.#call('sending', ms)
  }

  /** Waits until the connection has been in this state. */
  async state(wanted: string, ms = 15_000): Promise<void> {
    await this.#call('state', wanted, ms)
  }

  /** Ends the session, with a DELETE unless told otherwise. */
  async close(options: { readonly remove?: boolean } = {}): Promise<void> {
    await this.#page.call('close', this.#id, options)
  }

  async #call<T>(method: string, ...args: unknown[]): Promise<T> {
    return await this.#page.call<T>('call', this.#id, method, ...args)
  }
}
