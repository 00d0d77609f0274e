import type { Browser } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { MediaPage } from './media-page.ts'

/** A picture that was shown. Times are ms. */
export interface ShownPicture {
  /** Since 1970. */
  readonly at: number
  readonly width: number
  readonly height: number
  /** Since the picture before it, without what the machine kept from the page. */
  readonly gap: number
}

/** What the receiver counted, since it began. */
export interface ReceiverSample {
  /** Ms since 1970. */
  readonly at: number
  readonly framesDecoded: number
  readonly keyFramesDecoded: number
  readonly width: number
  readonly height: number
  readonly freezeCount: number
  readonly freezeSeconds: number
  readonly packetsLost: number
  readonly nackCount: number
  readonly pliCount: number
  readonly bytesReceived: number
}

interface Taken {
  readonly pictures: readonly (readonly [number, number, number, number, number])[]
  readonly samples: readonly ReceiverSample[]
  /** Ms since 1970. */
  readonly until: number
}

/** A Chromium in a network namespace of its own that views a stream and keeps what it saw. */
export class SampledViewer {
  readonly pictures: ShownPicture[] = []
  readonly samples: ReceiverSample[] = []
  readonly #browser: Browser
  readonly #page: MediaPage
  readonly #id: number
  #seenUntil = 0

  private constructor(browser: Browser, page: MediaPage, id: number) {
    this.#browser = browser
    this.#page = page
    this.#id = id
  }

  /** Joins; done when the answer is applied. */
  static async open(namespace: string, url: string): Promise<SampledViewer> {
    await using opened = new AsyncDisposableStack()
    const browser = await launchChromium({ namespace })
    opened.defer(() => browser.close())
    const page = await MediaPage.open(browser, { namespace })
    opened.defer(() => page.close())
    await page.call('extend', './sampled-view.js')
    const id = await page.call<number>('sampledView', { url })
    opened.move()
    return new SampledViewer(browser, page, id)
  }

  /** Fetches what the page has seen since the last time. */
  async update(): Promise<void> {
    const { pictures, samples, until } = await this.#page.call<Taken>('call', this.#id, 'take')
    this.#seenUntil = until
    for (const [at, width, height, gap, stall] of pictures) {
      this.pictures.push({ at, width, height, gap: gap - stall })
    }
    this.samples.push(...samples)
  }

  /** Pictures of a span of time, in ms since 1970. */
  between(from: number, to = Number.POSITIVE_INFINITY): ShownPicture[] {
    return this.pictures.filter(({ at }) => at >= from && at <= to)
  }

  /**
   * Longest time between two pictures in a span of time, in ms, with those that are no gap yet: what
   * stands still at the end stands still.
   */
  longestGap(from: number, to = this.#seenUntil): number {
    const shown = this.between(from, to)
    const standing = Math.min(to, this.#seenUntil) - (shown.at(-1)?.at ?? from)
    return Math.max(standing, ...shown.map(({ gap }) => gap))
  }

  async close(): Promise<void> {
    await this.#page.close()
    await this.#browser.close()
  }
}

/** The sizes that came one after the other: heights, each as often as it began. */
export function sizesOf(pictures: readonly ShownPicture[]): number[] {
  return pictures.flatMap(({ height }, i) => (pictures[i - 1]?.height === height ? [] : height))
}
