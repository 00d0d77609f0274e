import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'

/** What a watch page has shown since it was marked. Times in ms. */
export interface WatchingReport {
  /** Longest time between two pictures of the video, whatever session they came by. */
  readonly freeze: number
  /** Longest time in which the page did not call its picture live. */
  readonly notLive: number
  /** What it told its viewer meanwhile. */
  readonly states: readonly string[]
  readonly origin: string
}

declare global {
  var watching: {
    mark(): void
    report(): WatchingReport
  }
}

/** Runs in the page. */
const record = readFileSync(join(import.meta.dirname, '..', 'e2e', 'pages', 'watching.js'), 'utf8')

/** The watch page as a viewer has it, with a record of every picture. */
export class WatchingPage {
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
  }

  /** Opens it; done when it is live. */
  static async open(browser: Browser, url: string): Promise<WatchingPage> {
    const page = await browser.newPage()
    await page.goto(url)
    const watching = await WatchingPage.of(page)
    await watching.live()
    return watching
  }

  /** One that is open already. */
  static async of(page: Page): Promise<WatchingPage> {
    await page.evaluate(record)
    return new WatchingPage(page)
  }

  /** Waits until it is live. @throws Error with what it has shown instead */
  async live(ms = 20_000): Promise<void> {
    const options = { state: 'attached', timeout: ms } as const
    try {
      await this.#page.waitForSelector('html[data-state="live"]', options)
    } catch (cause) {
      const shown = JSON.stringify(await this.report())
      throw new Error(`the page is not live after ${ms} ms: ${shown}`, { cause })
    }
  }

  async mark(): Promise<void> {
    await this.#page.evaluate(() => globalThis.watching.mark())
  }

  async report(): Promise<WatchingReport> {
    return await this.#page.evaluate(() => globalThis.watching.report())
  }

  async close(): Promise<void> {
    await this.#page.close()
  }
}
