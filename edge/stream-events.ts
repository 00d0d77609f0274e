import type { Stream, StreamListener } from '#relay/stream.ts'
import type { Viewer } from '#relay/viewer.ts'
import type { EventStream } from './event-stream.ts'
import { LayerReport } from './layer-report.ts'

/** Who reads an event stream. */
export interface Watching {
  /** m-line of its video, from 0; undefined: it takes no video. */
  readonly section: number | undefined
  /** Once its media can go. */
  readonly viewer: Pick<Viewer, 'video'> | undefined
}

/** What an event stream has been told. */
interface Told {
  readonly watching: Watching
  layers?: string
  viewers?: number
}

/** Beyond it only the first two digits of the number of viewers are told. */
const exactAudience = 100

/**
 * The events of one stream, for all who read them: whether it is live, at once; its layers and
 * viewers once a second at most, looked at once for all of them.
 */
export class StreamEvents implements StreamListener {
  readonly #stream: Stream
  readonly #now: () => number
  readonly #readers = new Map<EventStream, Told>()
  readonly #report = new LayerReport()

  /** @param now monotonic ms */
  constructor(stream: Stream, now: () => number) {
    this.#stream = stream
    this.#now = now
    stream.listener = this
  }

  get size(): number {
    return this.#readers.size
  }

  add(events: EventStream, watching: Watching): void {
    this.#readers.set(events, { watching })
    // Also at the start; but that nothing is live is not told then (WHEP-86, 87).
    if (this.#stream.publication) events.push('active', '{}', this.#now())
  }

  delete(events: EventStream): void {
    this.#readers.delete(events)
    if (this.size === 0) this.#stream.listener = undefined
  }

  active(): void {
    for (const events of this.#readers.keys()) events.push('active', '{}', this.#now())
  }

  inactive(): void {
    for (const events of this.#readers.keys()) events.push('inactive', '{}', this.#now())
  }

  /** To be called about once a second. @param now monotonic ms */
  tick(now: number): void {
    const { publication, viewers } = this.#stream
    if (publication) this.#report.update(publication.layers.viewed, now)
    const count = rounded(viewers.size)
    for (const [events, told] of this.#readers) {
      if (publication && events.wants('layers')) this.#tellLayers(events, told, now)
      if (told.viewers !== count) {
        told.viewers = count
        events.push('viewercount', `{"viewercount":${count}}`, now)
      }
      events.tick(now)
    }
  }

  #tellLayers(events: EventStream, told: Told, now: number): void {
    const { section, viewer } = told.watching
    const layers = this.#report.text(viewer?.video?.layer)
    if (section === undefined || layers === told.layers) return
    told.layers = layers
    events.push('layers', `{"${section}":${layers}}`, now)
  }
}

function rounded(count: number): number {
  return count < exactAudience ? count : Number(count.toPrecision(2))
}
