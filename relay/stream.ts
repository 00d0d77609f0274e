import type { StreamName } from '#core/stream-name.ts'
import { JoinRecord } from './join-summary.ts'
import type { LivePublication } from './live-publication.ts'
import type { UpLayer } from './up-layer.ts'
import type { ViewedLayer } from './viewed-layer.ts'
import type { Viewer } from './viewer.ts'

/** What a stream tells of itself: that it is shown, and that it is not any more. */
export interface StreamListener {
  active(): void
  inactive(): void
}

/** What passes a stream on to somebody: told of the same things as a viewer. */
export interface StreamFollower {
  /** Whether it is another node that gets the stream. */
  readonly isNode: boolean
  wants(layer: UpLayer): boolean
  watch(publication: LivePublication, now: number): void
  unwatch(): void
  keyframe(layer: ViewedLayer, now: number): void
  /** @param path from the origin down to this node, another one than before */
  reroute(path: readonly string[]): void
  /** No way to the origin is left: whoever gets it through this node looks for one himself. */
  abandon(): void
}

/**
 * A named broadcast on this node: at most one publication at a time, and the viewers who stay
 * while publications come and go. Each publication is an epoch with logs of its own.
 */
export class Stream {
  readonly name: StreamName
  readonly joins = new JoinRecord()
  /** Whoever passes on to viewers what becomes of it. */
  listener: StreamListener | undefined
  readonly #viewers = new Set<Viewer>()
  readonly #followers = new Set<StreamFollower>()
  #publication: LivePublication | undefined
  #epoch = 0
  /** Wall clock, ms since the Unix epoch, at which the state began. */
  #since: number
  #inactiveSince: number

  /**
   * @param now monotonic ms
   * @param wall ms since the Unix epoch
   */
  constructor(name: StreamName, now: number, wall: number) {
    this.name = name
    this.#since = wall
    this.#inactiveSince = now
  }

  get publication(): LivePublication | undefined {
    return this.#publication
  }

  get viewers(): ReadonlySet<Viewer> {
    return this.#viewers
  }

  /** How many other nodes get it from this one. */
  get followers(): number {
    return [...this.#followers].filter(({ isNode }) => isNode).length
  }

  /** Whether anybody gets it from this node. */
  get hasReaders(): boolean {
    return this.#viewers.size > 0 || this.#followers.size > 0
  }

  /** Whether anybody here, or below, is sent that layer or is about to be. */
  wants(layer: UpLayer): boolean {
    for (const viewer of this.#viewers) if (viewer.wants(layer)) return true
    for (const follower of this.#followers) if (follower.wants(layer)) return true
    return false
  }

  get epoch(): number {
    return this.#epoch
  }

  get since(): number {
    return this.#since
  }

  /** Monotonic ms since which nobody publishes; undefined while somebody does. */
  get inactiveSince(): number | undefined {
    return this.#publication ? undefined : this.#inactiveSince
  }

  /** Begins the next epoch; an earlier publication has ended before. */
  publish(publication: LivePublication, now: number, wall: number): void {
    this.#publication = publication
    this.#epoch++
    this.#since = wall
    publication.hasViewers = this.hasReaders
    for (const viewer of this.#viewers) viewer.watch(publication.layers, now)
    for (const follower of this.#followers) follower.watch(publication, now)
    this.listener?.active()
  }

  /** Ends the epoch, if it is still this publication's. Viewers stay. */
  unpublish(publication: LivePublication, now: number, wall: number): void {
    if (this.#publication === publication) {
      this.#publication = undefined
      this.#inactiveSince = now
      this.#since = wall
      for (const viewer of this.#viewers) viewer.unwatch()
      for (const follower of this.#followers) follower.unwatch()
      this.listener?.inactive()
    }
    publication.close()
  }

  keyframe(layer: ViewedLayer, now: number): void {
    for (const viewer of this.#viewers) viewer.keyframe(layer, now)
    for (const follower of this.#followers) follower.keyframe(layer, now)
  }

  /** The layers or their rates have changed. */
  fit(now: number): void {
    for (const viewer of this.#viewers) viewer.fit(now)
  }

  join(viewer: Viewer, now: number): void {
    this.#viewers.add(viewer)
    this.joins.joined()
    if (!this.#publication) return
    this.#publication.hasViewers = true
    viewer.watch(this.#publication.layers, now)
  }

  leave(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#publication) this.#publication.hasViewers = this.hasReaders
  }

  follow(follower: StreamFollower, now: number): void {
    this.#followers.add(follower)
    if (!this.#publication) return
    this.#publication.hasViewers = true
    follower.watch(this.#publication, now)
  }

  unfollow(follower: StreamFollower): void {
    this.#followers.delete(follower)
    if (this.#publication) this.#publication.hasViewers = this.hasReaders
  }

  /** @param path from the origin down to this node, another one than before */
  reroute(path: readonly string[]): void {
    for (const follower of this.#followers) follower.reroute(path)
  }

  /** No way to the origin is left. */
  abandon(): void {
    for (const follower of this.#followers) follower.abandon()
  }
}
