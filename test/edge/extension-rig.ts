import type { FastifyInstance } from 'fastify'
import { RateLimiter } from '#control/rate-limiter.ts'
import { eventRoutes } from '#edge/event-routes.ts'
import { layerRoutes } from '#edge/layer-routes.ts'
import { SessionExtensions } from '#edge/session-extensions.ts'
import type { LayerSelection } from '#relay/layer-selection.ts'
import type { Publication } from '#relay/publication.ts'
import { Stream } from '#relay/stream.ts'
import type { Viewer } from '#relay/viewer.ts'
import { createHttpApp } from '#server/http-app.ts'
import { sessionId } from '#test/support/http.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'

export const events = `/session/${sessionId}/sse`
export const layer = `/session/${sessionId}/layer`

/** A layer of a publication, as far as extensions look at it. */
function fakeLayer(rid: string, width: number, rate = 1000) {
  const facts = { width, height: width / 2 }
  return { rid, rate, lower: [], inspector: { facts }, bitsPerSecond: () => rate }
}

/** Extensions of one session, `sessionId`, of a stream; its token is "key-1". */
export class ExtensionRig {
  readonly clock = new SimulatedClock(1000)
  readonly scheduler = new SimulatedScheduler(this.clock)
  readonly extensions = new SessionExtensions(this.scheduler, this.clock)
  readonly stream = new Stream({ tenant: 'default', stream: 'main' }, 0, 0)
  readonly layers = [fakeLayer('h', 1280), fakeLayer('m', 640, 0), fakeLayer('l', 320)]
  /** What the viewer's `select` was called with. */
  readonly selected: LayerSelection[] = []
  readonly viewer = {
    video: { layer: this.layers[2] },
    select: (selection: LayerSelection) => this.selected.push(selection),
    watch() {},
    unwatch() {},
  } as unknown as Viewer
  readonly #publication = { layers: { viewed: this.layers }, close() {} } as unknown as Publication

  /** @param maxHeight of its token */
  constructor(maxHeight?: number) {
    this.extensions.opened(sessionId, this.stream, { section: 1, maxHeight })
  }

  publish(): void {
    this.stream.publish(this.#publication, this.clock.now(), 0)
  }

  unpublish(): void {
    this.stream.unpublish(this.#publication, this.clock.now(), 0)
  }

  run(ms: number): void {
    this.scheduler.runTo(this.clock.time + ms)
  }

  /** The routes as the server registers them. */
  async app(): Promise<FastifyInstance> {
    const { extensions, clock } = this
    const access = {
      has: (id: string) => extensions.has(id),
      tokenMatches: (_id: string, token: string) => token === 'key-1',
    }
    const shared = { access, clock, limiter: new RateLimiter() }
    const app = createHttpApp({ origins: '*' })
    await app.register(eventRoutes, { ...shared, events: extensions.events })
    await app.register(layerRoutes, { ...shared, selections: extensions })
    return app
  }
}
