import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientContext } from './client-connection.ts'
import { Edges } from './edges.ts'
import { PictureWatch } from './picture-watch.ts'
import { Viewer, type ViewerOptions } from './viewer.ts'
import {
  nothingReceived,
  nothingSeen,
  type Totals,
  type Trouble,
  type ViewerResult,
  withSession,
} from './viewer-result.ts'
import { Visit, type VisitEnd } from './visit.ts'

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

/**
 * A viewer that stays, as one with the watch page does (`player/watch.ts`): it follows `reconnect`
 * events, and leaves the old session when the new one is live; it goes on to the next edge when a
 * node is gone, and begins anew when its session ends.
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
      const viewer = this.#open()
      const message = await viewer.join()
      first(message)
      if (message !== undefined) await this.#refused(viewer, message, attempt)
      else {
        const end = await this.#stay(viewer)
        attempt = -1
        if (end === 'lost') await this.#wait(0)
      }
    }
    first(undefined)
  }

  #open(): Viewer {
    return new Viewer(this.#context, { ...this.#options, url: this.#edges.endpoint })
  }

  /** Watches, wherever it is sent to, until the session cannot be saved. */
  async #stay(first: Viewer): Promise<VisitEnd['kind']> {
    for (let viewer = first; ; ) {
      this.#sessions++
      this.#away = undefined
      this.#current = viewer
      const end = await this.#visit(viewer).end()
      this.#leaveSession(viewer, end)
      if (end.kind !== 'moved') return end.kind
      viewer = end.next
    }
  }

  #visit(viewer: Viewer): Visit {
    this.#learnt ??= this.#edges.learn()
    return new Visit(viewer, {
      context: this.#context,
      edges: this.#edges,
      learnt: this.#learnt,
      token: this.#options.token,
      open: () => this.#open(),
      look: () => this.#look(),
      note: (what) => this.#note(what),
      wait: (attempt) => this.#wait(attempt),
      signal: this.#stop.signal,
    })
  }

  #leaveSession(viewer: Viewer, end: VisitEnd): void {
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
    if (this.#stop.signal.aborted) return
    const reason = viewer.ended ?? message
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
    this.#picture.look(viewer.video, viewer.pictureAt, this.#context.loop.now())
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

  #note(what: string): void {
    if (this.#troubles.length === mostTroubles) this.#troubles.shift()
    this.#troubles.push({ at: Math.round(this.#context.loop.wall()), what })
  }

  #track(leaving: Promise<void>): void {
    this.#leaves.add(leaving)
    void leaving.finally(() => this.#leaves.delete(leaving))
  }
}
