import type { Browser } from 'playwright-core'
import { until } from '#test/native/until.ts'
import { launchChromium } from './chromium.ts'
import { clusterSettings, notLive, type Role } from './cluster-settings.ts'
import { type Media, makeMedia } from './ffmpeg-media.ts'
import { LibdatachannelPublisher } from './libdatachannel-publisher.ts'
import { MediaPage, type Viewing, type ViewOptions } from './media-page.ts'
import { RedisProcess } from './redis-process.ts'
import { ServerProcess } from './server-process.ts'

/** Server processes that find each other by a Redis, and a browser, all on loopback. */
export class ClusterStage {
  readonly redis: RedisProcess
  readonly browser: Browser
  readonly page: MediaPage
  readonly media: Media
  readonly nodes = new Map<string, ServerProcess>()
  readonly #publishers: LibdatachannelPublisher[] = []

  private constructor(parts: Pick<ClusterStage, 'redis' | 'browser' | 'page' | 'media'>) {
    this.redis = parts.redis
    this.browser = parts.browser
    this.page = parts.page
    this.media = parts.media
  }

  static async open(): Promise<ClusterStage> {
    const media = await makeMedia()
    await using opened = new AsyncDisposableStack()
    const redis = opened.adopt(await RedisProcess.start(), (each) => each.close())
    const browser = opened.adopt(await launchChromium({}), (each) => each.close())
    const page = await MediaPage.open(browser)
    opened.move()
    return new ClusterStage({ redis, browser, page, media })
  }

  async node(id: string, roles: readonly Role[], env: Record<string, string> = {}) {
    const node = await ServerProcess.start({
      env: {
        ...clusterSettings({ id, roles, redis: this.redis.url }),
        TAILRACE_HTTP_HOST: '127.0.0.1',
        ...env,
      },
    })
    this.nodes.set(id, node)
    return node
  }

  /** OBS's library publishes at that node. */
  async obs(node: ServerProcess, stream: string): Promise<LibdatachannelPublisher> {
    const publisher = await LibdatachannelPublisher.start({
      url: node.whip(stream),
      key: node.key,
      media: this.media,
    })
    this.#publishers.push(publisher)
    return publisher
  }

  /** Joins, as soon as the node knows that the stream is published. */
  async view(
    node: ServerProcess,
    stream: string,
    options: Omit<ViewOptions, 'url'> = {},
  ): Promise<Viewing> {
    let viewing: Viewing | undefined
    await until(async () => {
      viewing = await this.page.view({ url: node.whep(stream), ...options }).catch(notLive)
      return viewing !== undefined
    })
    return viewing!
  }

  async close(): Promise<void> {
    for (const publisher of this.#publishers) await publisher.vanish()
    await this.page.close()
    await this.browser.close()
    await Promise.all([...this.nodes.values()].map((node) => node.kill()))
    await this.redis.close()
  }
}
