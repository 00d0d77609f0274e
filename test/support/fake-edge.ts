import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Browser, Page } from 'playwright-core'
import type { CreatedSession } from '#control/http/created-session.ts'
import type { OfferRequest } from '#control/http/endpoint-routes.ts'
import { Permissions } from '#control/permissions.ts'
import { RateLimiter } from '#control/rate-limiter.ts'
import type { Session } from '#control/sessions.ts'
import { ServiceError } from '#core/errors.ts'
import { randomId } from '#core/ids.ts'
import { pageRoutes } from '#edge/pages.ts'
import { statusRoutes } from '#edge/status-routes.ts'
import { whepRoutes } from '#edge/whep-routes.ts'
import { whipRoutes } from '#ingest/whip-routes.ts'
import type { StreamStatus } from '#relay/stream-status.ts'
import { createHttpApp } from '#server/http-app.ts'
import { type Sessions, sessionRoutes } from '#server/session-routes.ts'

const script = join(import.meta.dirname, '..', 'e2e', 'pages', 'answering-peer.js')

/**
 * The server's pages and doors with a browser's peer behind them instead of ours: what the pages
 * do can be seen without anything else that could fail.
 */
export class FakeEdge implements Sessions {
  /** What became of the stream; viewers are told 409 while it is 'inactive'. */
  state: StreamStatus['state'] = 'live'
  readonly opened: string[] = []
  readonly ended: string[] = []
  readonly #app: FastifyInstance
  readonly #far: Page
  #origin = ''

  private constructor(app: FastifyInstance, far: Page) {
    this.#app = app
    this.#far = far
  }

  static async open(browser: Browser, playTokens: readonly string[] = []): Promise<FakeEdge> {
    const far = await browser.newPage()
    await far.addScriptTag({ path: script })
    const app = createHttpApp({ origins: '*' })
    const edge = new FakeEdge(app, far)
    const services = {
      authority: new Permissions({
        publishKeys: ['key-1'],
        playTokens,
        allowAnonymousPublish: false,
      }),
      clock: { now: () => performance.now(), wall: () => Date.now() },
      limiter: new RateLimiter(),
      iceServers: [],
    }
    await app.register(pageRoutes)
    await app.register(whipRoutes, {
      ...services,
      publishers: { publish: (request) => edge.#open(request) },
    })
    await app.register(whepRoutes, {
      ...services,
      viewers: {
        watch: (request) => {
          if (edge.state === 'live') return edge.#open(request)
          throw new ServiceError('stream-not-live', 'nobody publishes', { retryAfter: 1 })
        },
        invite: () => {
          throw new ServiceError('malformed-sdp', 'this far side makes no offers')
        },
      },
    })
    await app.register(sessionRoutes, { ...services, sessions: edge })
    await app.register(statusRoutes, {
      ...services,
      streams: { list: () => [], get: (name) => edge.#status(name), viewers: () => [] },
    })
    edge.#origin = await app.listen({ host: '127.0.0.1', port: 0 })
    return edge
  }

  get origin(): string {
    return this.#origin
  }

  get(id: string): Session | undefined {
    if (!this.opened.includes(id)) return undefined
    return {
      principal: { id: 'anybody' },
      etag: '"1"',
      restarted: false,
      patch: (fragment) => {
        // They may come when the test is over already.
        this.#call('addCandidates', id, fragment).catch(() => {})
        return undefined
      },
      end: () => this.ended.push(id),
    }
  }

  unanswered(): boolean {
    return false
  }

  tokenMatches(): boolean {
    return true
  }

  hold(on: boolean): Promise<unknown> {
    return this.#call('hold', on)
  }

  hangUp(id: string): Promise<unknown> {
    return this.#call('hangUp', id)
  }

  framesDecoded(id: string): Promise<unknown> {
    return this.#call('framesDecoded', id)
  }

  async close(): Promise<void> {
    await this.#far.close()
    await this.#app.close()
  }

  async #open({ offer }: OfferRequest): Promise<CreatedSession> {
    const id = randomId()
    const answer = String(await this.#call('answer', id, offer))
    this.opened.push(id)
    return { id, answer, etag: '"1"' }
  }

  #call(method: string, ...args: unknown[]): Promise<unknown> {
    return this.#far.evaluate(`answering.${method}(...${JSON.stringify(args)})`)
  }

  #status(name: StreamStatus['name']): StreamStatus {
    return {
      name,
      state: this.state,
      epoch: 1,
      since: '2026-01-01T00:00:00.000Z',
      viewers: 1,
      joins: { count: 0, phases: {} },
      warnings: [{ code: 'no-audio', text: 'No audio arrives: the stream is silent.' }],
    }
  }
}
