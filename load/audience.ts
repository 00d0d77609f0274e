import type { Age } from './capture-latency.ts'
import type { ClientContext } from './client-connection.ts'
import { FollowingViewer } from './following-viewer.ts'
import { Histogram } from './histogram.ts'
import { Viewer, type ViewerOptions } from './viewer.ts'
import type { Cohort, Totals, ViewerResult } from './viewer-result.ts'

export interface AudienceOptions extends Pick<ViewerOptions, 'url' | 'token'> {
  readonly context: ClientContext
  /** One viewer in so many is decrypted, the first of them always. */
  readonly decrypt: number
  /** Gets words about a viewer that did not join. */
  readonly onRefusal: (message: string) => void
  /** Whether viewers stay when their session ends: see `FollowingViewer`. */
  readonly follow: boolean
  /** Gives up joins under way. */
  readonly signal: AbortSignal
}

/** One of them: a session, or somebody who goes from one to the next. */
interface Member {
  readonly result: ViewerResult
  readonly totals: Totals
  /** @returns why there was no session, in words */
  join(): Promise<string | undefined>
  leave(): Promise<void>
}

/** Sessions ended at one time: a server has other things to do than a thousand DELETEs at once. */
const leavingTogether = 50

/** The viewers of one run: who is there, and how those fared who have left. */
export class Audience {
  readonly #options: AudienceOptions
  /** In the order in which they came. */
  readonly #present = new Set<Member>()
  readonly #gone: ViewerResult[] = []
  readonly #joins = new Set<Promise<void>>()
  readonly #leaves = new Set<Promise<void>>()
  /** Totals of those who have left. */
  #goneTotals: Totals = { packets: 0, bytes: 0, lost: 0, freezes: 0 }
  #latency = new Histogram()
  #isMarked = false
  #started = 0

  constructor(options: AudienceOptions) {
    this.#options = options
  }

  /** Viewers that are there, or about to be. */
  get size(): number {
    return this.#present.size
  }

  /** All that were ever started. */
  get started(): number {
    return this.#started
  }

  /** Starts one, without waiting for it. */
  start(cohort: Cohort): void {
    const { context, url, token, signal, decrypt, follow } = this.#options
    const isDecrypted = this.#started++ % decrypt === 0
    const onLatency = isDecrypted ? (age: Age) => this.#noteAge(age) : undefined
    const Kind = follow ? FollowingViewer : Viewer
    const viewer = new Kind(context, { url, token, signal, cohort, onLatency })
    this.#present.add(viewer)
    track(this.#joins, this.#join(viewer))
  }

  /** The one that came first goes, without being waited for. @returns whether there was one */
  leave(): boolean {
    const [viewer] = this.#present
    if (!viewer) return false
    this.#present.delete(viewer)
    track(this.#leaves, this.#leave(viewer))
    return true
  }

  /** Waits until every viewer started so far has joined, or has not. */
  async joined(): Promise<void> {
    await Promise.all(this.#joins)
  }

  /** How every viewer fares or fared; one that is leaving is judged by what it had. */
  get results(): ViewerResult[] {
    return [...this.#gone, ...[...this.#present].map((viewer) => viewer.result)]
  }

  /** Sums over all viewers, those who have left too. */
  get totals(): Totals {
    let { packets, bytes, lost, freezes } = this.#goneTotals
    for (const viewer of this.#present) {
      const { totals } = viewer
      packets += totals.packets
      bytes += totals.bytes
      lost += totals.lost
      freezes += totals.freezes
    }
    return { packets, bytes, lost, freezes }
  }

  /** Ages of the pictures of those who are decrypted, since the last call. */
  takeLatency(): Histogram {
    const taken = this.#latency
    this.#latency = new Histogram()
    return taken
  }

  /** Whether marks in the pictures told their ages. */
  get isMarked(): boolean {
    return this.#isMarked
  }

  /** Ends all sessions in good order. */
  async close(): Promise<void> {
    await Promise.all([...this.#joins, ...this.#leaves])
    const all = [...this.#present]
    for (let at = 0; at < all.length; at += leavingTogether) {
      await Promise.all(all.slice(at, at + leavingTogether).map((viewer) => viewer.leave()))
    }
  }

  // Where there are marks, nothing else counts.
  #noteAge({ ms, isMarked }: Age): void {
    if (isMarked && !this.#isMarked) {
      this.#isMarked = true
      this.#latency = new Histogram()
    }
    if (isMarked === this.#isMarked) this.#latency.add(ms)
  }

  async #join(viewer: Member): Promise<void> {
    const { onRefusal, signal } = this.#options
    const message = await viewer.join()
    if (message !== undefined && !signal.aborted) onRefusal(message)
  }

  // One that is still joining has to have joined, or its session would stay.
  async #leave(viewer: Member): Promise<void> {
    const { result } = viewer
    this.#gone.push(result)
    const { packets, bytes, lost, freezes } = this.#goneTotals
    this.#goneTotals = {
      packets: packets + result.reception.packets,
      bytes: bytes + result.reception.bytes,
      lost: lost + result.reception.lost,
      freezes: freezes + result.picture.freezes,
    }
    await viewer.leave()
  }
}

function track(all: Set<Promise<void>>, promise: Promise<void>): void {
  all.add(promise)
  void promise.finally(() => all.delete(promise))
}
