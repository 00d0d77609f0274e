import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientContext } from './client-connection.ts'
import type { Edges } from './edges.ts'
import { followEvents } from './session-events.ts'
import { type Viewer, viewerUserAgent } from './viewer.ts'
import { VisitWatch } from './visit-watch.ts'

/** Between two looks at a session, in ms: a freeze is longer. */
const interval = 100
/** Of frames that come as fast as they are shown: then a replay is over (ms). */
const steadyFor = 150
/** For a picture to become live before the viewer goes on with it, in ms. */
const liveWithin = 7000
/** Nodes that are tried when the viewer is asked to leave one. */
const mostMoves = 6

/** How a visit ended. */
export type VisitEnd =
  /** The server asked for it, and this one has taken its place. */
  | { readonly kind: 'moved'; readonly next: Viewer }
  /** The session has ended or cannot be saved, by a node that answers. */
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'unreachable' }
  /** The run is over. */
  | { readonly kind: 'left' }

export interface VisitOptions {
  readonly context: ClientContext
  readonly edges: Edges
  /** Done when `edges` has heard of others, or that there are none. */
  readonly learnt: Promise<void>
  readonly token: string | undefined
  /** A session at the node of `edges`, to be joined. */
  readonly open: () => Viewer
  /** Called ten times a second. */
  readonly look: () => void
  /** Gets what went wrong and did not end the visit. */
  readonly note: (what: string) => void
  /** Before another node is tried; ended by `signal`. */
  readonly wait: (attempt: number) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * One session of a viewer who stays, from its join to its end or until another session has taken
 * its place: what the watch page does between two of them (`player/watch.ts`).
 */
export class Visit {
  readonly #options: VisitOptions
  readonly #viewer: Viewer
  readonly #origin: string
  readonly #watch: VisitWatch
  readonly #over = new AbortController()
  readonly #signal: AbortSignal
  readonly #told = Promise.withResolvers<VisitEnd>()
  #moving: Promise<Viewer | undefined> | undefined

  /** @param viewer that has joined */
  constructor(viewer: Viewer, options: VisitOptions) {
    this.#options = options
    this.#viewer = viewer
    this.#origin = new URL(viewer.session!.location).origin
    this.#watch = new VisitWatch(options.context.loop.now())
    this.#signal = AbortSignal.any([this.#over.signal, options.signal])
  }

  /** Waits for its end. The session is the caller's to leave. */
  async end(): Promise<VisitEnd> {
    this.#options.edges.moveTo(this.#origin)
    void this.#listen()
    const end = await Promise.race([this.#untilLost(), this.#told.promise])
    this.#over.abort()
    // One that comes too late is not needed.
    if (end.kind !== 'moved') await (await this.#moving)?.leave()
    return end
  }

  async #listen(): Promise<void> {
    const { context, edges, learnt, token, note } = this.#options
    await learnt
    const url = this.#viewer.session?.events
    if (url === undefined || !edges.hasOthers || this.#signal.aborted) return
    const agent = { 'user-agent': viewerUserAgent }
    const refusal = await followEvents({
      http: context.http,
      url,
      headers: token ? { ...agent, authorization: `Bearer ${token}` } : agent,
      events: ['reconnect', 'active', 'inactive'],
      signal: this.#signal,
      onEvent: ({ name, data }) => {
        if (name !== 'reconnect') this.#watch.publisher(name === 'active')
        else void this.#move(originIn(data) ?? edges.home)
      },
      onBroken: () => void this.#broken(),
    })
    if (refusal !== undefined && !this.#signal.aborted) note(refusal)
  }

  async #broken(): Promise<void> {
    const isThere = await this.#options.edges.isReachable(this.#origin)
    if (!isThere) this.#told.resolve({ kind: 'unreachable' })
  }

  // Once at a time.
  async #move(origin: string): Promise<void> {
    if (this.#moving) return
    this.#moving = this.#goOnAt(origin)
    const next = await this.#moving
    if (next) this.#told.resolve({ kind: 'moved', next })
    else {
      this.#moving = undefined
      if (!this.#signal.aborted) this.#options.edges.moveTo(this.#origin)
    }
  }

  /**
   * Opens a session at another node, and waits until it is live.
   * @returns undefined where no node would have it
   */
  async #goOnAt(origin: string): Promise<Viewer | undefined> {
    const { edges, open, note, wait } = this.#options
    edges.moveTo(origin)
    for (let attempt = 0; attempt < mostMoves && !this.#signal.aborted; attempt++) {
      if (attempt > 0) {
        edges.giveUp()
        await wait(attempt)
      }
      const next = open()
      if ((await next.join()) !== undefined) note(`asked to move: ${next.ended}`)
      else if (await this.#becomesLive(next)) return next
      await next.leave()
    }
    return undefined
  }

  async #becomesLive(viewer: Viewer): Promise<boolean> {
    const { loop } = this.#options.context
    const deadline = loop.now() + liveWithin
    while (!this.#signal.aborted && viewer.ended === undefined) {
      const now = loop.now()
      const { pictureAt, video } = viewer
      const liveAt = Math.max(pictureAt ?? Number.NaN, video?.liveAt ?? Number.NaN)
      if (now - liveAt > steadyFor) return true
      if (now > deadline) return pictureAt !== undefined
      await sleep(interval, undefined, { signal: this.#signal }).catch(() => {})
    }
    return false
  }

  async #untilLost(): Promise<VisitEnd> {
    const { context, edges, look } = this.#options
    for (;;) {
      await sleep(interval, undefined, { signal: this.#signal }).catch(() => {})
      if (this.#signal.aborted) return { kind: 'left' }
      look()
      const { packets } = this.#viewer.totals
      const why = this.#viewer.ended ?? this.#watch.look(packets, context.loop.now())
      if (why === undefined) continue
      const isGone = edges.hasOthers && !(await edges.isReachable(this.#origin))
      return isGone ? { kind: 'unreachable' } : { kind: 'lost', why }
    }
  }
}

function originIn(data: string): string | undefined {
  try {
    const { url } = JSON.parse(data) as { url?: unknown }
    return typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : undefined
  } catch {
    return undefined
  }
}
