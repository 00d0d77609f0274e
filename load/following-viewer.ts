import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientContext } from './client-connection.ts'
import { Edges } from './edges.ts'
import { PictureWatch } from './picture-watch.ts'
import { followEvents } from './session-events.ts'
import { Viewer, type ViewerOptions, viewerUserAgent } from './viewer.ts'
import {
  nothingReceived,
  nothingSeen,
  type Totals,
  type Trouble,
  type ViewerResult,
  withSession,
} from './viewer-result.ts'
import { VisitWatch } from './visit-watch.ts'

/** Between two looks at a session, in ms: a freeze is longer. */
const interval = 150
/** Troubles remembered of one viewer. */
const mostTroubles = 100
/** Before the next try, in ms, doubled each time: as the page waits. */
const shortestWait = 500
const longestWait = 15_000

const nobody = {
  join: {},
  reception: nothingReceived,
  picture: nothingSeen,
  jitter: undefined,
  undecryptable: 0,
}

type End =
  /** The server asked for it. */
  | { readonly kind: 'moved' }
  /** The session has ended or cannot be saved, by a node that answers. */
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'unreachable' }
  /** The run is over. */
  | { readonly kind: 'left' }

/**
 * A viewer that stays, as one with the watch page does (`player/watch.ts`): it follows `reconnect`
 * events, goes on to the next edge when a node is gone, and begins anew when its session ends.
 */
export class FollowingViewer {
  readonly #context: ClientContext
  readonly #options: ViewerOptions
  readonly #edges: Edges
  readonly #picture = new PictureWatch()
  readonly #troubles: Trouble[] = []
  readonly #stop = new AbortController()
  readonly #leaves = new Set<Promise<void>>()
  #current: Viewer | undefined
  /** Sums of the sessions before. */
  #before: ViewerResult | undefined
  #learnt: Promise<void> | undefined
  #running: Promise<void> | undefined
  #sessions = 0
  #final: ViewerResult | undefined
  /** Why it has no session now. */
  #away: string | undefined

  constructor(context: ClientContext, options: ViewerOptions) {
    this.#context = context
    this.#options = options
    this.#edges = new Edges(context.http, options.url)
  }

  /** As of a `Viewer`; it goes on trying after a failure where the page does. */
  async join(): Promise<string | undefined> {
    const first = Promise.withResolvers<string | undefined>()
    this.#running = this.#run(first.resolve)
    return await first.promise
  }

  get result(): ViewerResult {
    return this.#final ?? this.#resultAt(this.#context.loop.now())
  }

  get totals(): Totals {
    const { reception, picture } = this.result
    const { packets, bytes, lost } = reception
    return { packets, bytes, lost, freezes: picture.freezes }
  }

  async leave(): Promise<void> {
    this.#look()
    this.#final ??= this.#resultAt(this.#context.loop.now())
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#leaves)
  }

  async #run(first: (message: string | undefined) => void): Promise<void> {
    const { signal } = this.#stop
    for (let attempt = 0; !signal.aborted; attempt++) {
      const viewer = this.#enter()
      const message = await viewer.join()
      first(message)
      if (message === undefined) {
        this.#sessions++
        this.#away = undefined
        const end = await this.#watch(viewer)
        this.#leaveSession(viewer, end)
        attempt = -1
        if (end.kind === 'lost') await this.#wait(0)
      } else {
        this.#current = undefined
        await this.#refused(viewer, message, attempt)
      }
    }
    first(undefined)
  }

  #enter(): Viewer {
    const { url: _, ...options } = this.#options
    const viewer = new Viewer(this.#context, { ...options, url: this.#edges.endpoint })
    this.#current = viewer
    return viewer
  }

  /** Until the session has to end. */
  async #watch(viewer: Viewer): Promise<End> {
    const { location, events } = viewer.session!
    this.#edges.moveTo(new URL(location).origin)
    this.#learnt ??= this.#edges.learn()
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, this.#stop.signal])
    const told = Promise.withResolvers<End>()
    const watch = new VisitWatch(this.#context.loop.now())
    const listen = async () => {
      await this.#learnt
      if (events === undefined || !this.#edges.hasOthers || signal.aborted) return
      const refusal = await followEvents({
        http: this.#context.http,
        url: events,
        headers: this.#headers,
        events: ['reconnect', 'active', 'inactive'],
        signal,
        onEvent: ({ name, data }) => {
          if (name !== 'reconnect') watch.publisher(name === 'active')
          else {
            this.#edges.moveTo(originIn(data) ?? this.#edges.home)
            told.resolve({ kind: 'moved' })
          }
        },
        onBroken: async () => {
          if (!(await this.#edges.isReachable())) told.resolve({ kind: 'unreachable' })
        },
      })
      if (refusal !== undefined && !signal.aborted) this.#note(refusal)
    }
    void listen()
    try {
      return await Promise.race([this.#untilLost(viewer, watch, signal), told.promise])
    } finally {
      over.abort()
    }
  }

  async #untilLost(viewer: Viewer, watch: VisitWatch, signal: AbortSignal): Promise<End> {
    for (;;) {
      await sleep(interval, undefined, { signal }).catch(() => {})
      if (signal.aborted) return { kind: 'left' }
      this.#look()
      const { packets } = viewer.totals
      const why = viewer.ended ?? watch.look(packets, this.#context.loop.now())
      if (why === undefined) continue
      const isGone = this.#edges.hasOthers && !(await this.#edges.isReachable())
      return isGone ? { kind: 'unreachable' } : { kind: 'lost', why }
    }
  }

  #leaveSession(viewer: Viewer, end: End): void {
    this.#look()
    if (end.kind === 'left') this.#track(viewer.leave())
    else {
      this.#picture.over(end.kind === 'moved' ? 'moved' : 'lost')
      if (end.kind === 'lost') this.#note(end.why)
      if (end.kind === 'unreachable') {
        this.#note('the node was gone')
        this.#edges.giveUp()
      }
      this.#before = withSession(this.#before, viewer.result)
      this.#current = undefined
      this.#away = end.kind
      this.#track(viewer.leave())
    }
  }

  async #refused(viewer: Viewer, message: string, attempt: number): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return
    const reason = viewer.result.failure ?? message
    this.#away = reason
    const status = Number(/^http (\d+)$/.exec(reason)?.[1] ?? Number.NaN)
    // Nobody publishes: the page says so, and waits.
    if (status === 404 || status === 409) return await this.#wait(attempt)
    this.#note(reason)
    if (Number.isNaN(status)) this.#edges.giveUp()
    if (status >= 400 && status < 500 && status !== 429) this.#stop.abort()
    else await this.#wait(attempt)
  }

  async #wait(attempt: number): Promise<void> {
    const most = Math.min(longestWait, shortestWait * 2 ** attempt)
    const ms = most * (0.5 + Math.random() / 2)
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {})
  }

  #look(): void {
    const viewer = this.#current
    if (!viewer) return
    const video = viewer.figures.find(({ kind }) => kind === 'video')
    this.#picture.look(video, viewer.pictureAt, this.#context.loop.now())
  }

  #resultAt(now: number): ViewerResult {
    const whole = withSession(this.#before, this.#current?.result) ?? nobody
    const present = this.#picture.present(now)
    const interruptions = [...this.#picture.interruptions, ...(present ? [present] : [])]
    return {
      ...whole,
      cohort: this.#options.cohort ?? 'ramp',
      picture: { ...whole.picture, ...this.#picture.freezes(now) },
      decrypted: this.#options.onLatency !== undefined,
      failure: this.#away ?? this.#current?.result.failure,
      following: {
        sessions: this.#sessions,
        interruptions: interruptions.map(({ since, ms, cause }) => {
          return { at: Math.round(this.#context.loop.wallAt(since)), ms: Math.round(ms), cause }
        }),
        troubles: [...this.#troubles],
      },
    }
  }

  get #headers(): Record<string, string> {
    const { token } = this.#options
    const common = { 'user-agent': viewerUserAgent }
    return token ? { ...common, authorization: `Bearer ${token}` } : common
  }

  #note(what: string): void {
    if (this.#troubles.length === mostTroubles) this.#troubles.shift()
    this.#troubles.push({ at: Math.round(this.#context.loop.wall()), what })
  }

  #track(leaving: Promise<void>): void {
    this.#leaves.add(leaving)
    void leaving.finally(() => this.#leaves.delete(leaving))
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
