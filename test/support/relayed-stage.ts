import type { Page } from 'playwright-core'
import { Coturn } from './coturn.ts'
import type { ClockOptions } from './join-measurement.ts'
import type { LineConditions } from './lossy-line.ts'
import { Viewing } from './media-page.ts'
import { Stage } from './stage.ts'

const secret = 'e2e-turn-secret-of-the-relay'

export interface RelayedStageOptions {
  /** Of TURN. One only: of two, browsers may choose either. */
  readonly transport: 'udp' | 'tcp'
  readonly line: LineConditions
}

/** A server that names the TURN server beside it, and a browser at the other end of a line. */
export class RelayedStage {
  readonly stage: Stage
  readonly coturn: Coturn

  private constructor(stage: Stage, coturn: Coturn) {
    this.stage = stage
    this.coturn = coturn
  }

  /** Shared with coturn, and nobody else's business. */
  get secret(): string {
    return secret
  }

  static async open({ transport, line }: RelayedStageOptions): Promise<RelayedStage> {
    await using opened = new AsyncDisposableStack()
    // The near end of a line.
    const url = `turn:10.77.0.1:3478?transport=${transport}`
    const port = '8080'
    const stage = await Stage.open({
      line,
      env: {
        TAILRACE_TURN_SECRET: secret,
        TAILRACE_TURN_URLS: url,
        TAILRACE_HTTP_PORT: port,
      },
      // For its camera; there is no certificate in this network.
      chromiumFlags: [`--unsafely-treat-insecure-origin-as-secure=http://10.77.0.1:${port}`],
    })
    opened.defer(() => stage.close())
    const end = stage.line!.near
    const coturn = await Coturn.start({ end, secrets: [secret], peer: end.address })
    opened.defer(() => coturn.close())
    await stage.page.call('extend', '/relayed-view.js')
    opened.move()
    return new RelayedStage(stage, coturn)
  }

  /** Joins as a WHEP player that takes a relay and nothing else. */
  async view(stream: string, options: Partial<ClockOptions> = {}): Promise<Viewing> {
    const { page, server } = this.stage
    const id = await page.call<number>('viewByRelay', { url: server.whep(stream), ...options })
    return new Viewing(page, id)
  }

  /** From now on nothing gets through but the web and the TURN server. */
  closeMedia(line: LineConditions): void {
    const closedPort = this.stage.server.ports.mediaPort
    this.stage.line!.setBoth({ ...line, noUdp: true, closedPort })
  }

  /**
   * Opens the watch page.
   *
   * @param prepare is given the page before it is loaded
   * @returns ms from its POST to its first picture
   */
  async watch(stream: string, prepare?: (page: Page) => Promise<void>): Promise<number> {
    const page = await this.stage.browser.newPage()
    try {
      await prepare?.(page)
      await page.goto(`${this.stage.server.origin}/watch/${stream}`)
      await page.waitForSelector('html[data-join-ms]', { state: 'attached' })
      return Number(await page.getAttribute('html', 'data-join-ms'))
    } finally {
      await page.close()
    }
  }

  async close(): Promise<void> {
    await this.coturn.close()
    await this.stage.close()
  }
}
