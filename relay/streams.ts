import { type StreamName, streamKey } from '#core/stream-name.ts'
import { Stream } from './stream.ts'

/** Streams a node knows at a time, live or in their time of grace. */
const maxStreams = 10_000

/** The streams of this node, by name. */
export class Streams {
  readonly #streams = new Map<string, Stream>()

  get(name: StreamName): Stream | undefined {
    return this.#streams.get(streamKey(name))
  }

  list(): readonly Stream[] {
    return [...this.#streams.values()]
  }

  /** The stream of that name, made if need be; undefined when there are too many. */
  open(name: StreamName, now: number, wall: number): Stream | undefined {
    const key = streamKey(name)
    const known = this.#streams.get(key)
    if (known || this.#streams.size >= maxStreams) return known
    const stream = new Stream(name, now, wall)
    this.#streams.set(key, stream)
    return stream
  }

  /**
   * Forgets streams that nobody has published for a time, their viewers having been told.
   *
   * @param grace ms
   * @returns the streams forgotten
   */
  expire(now: number, grace: number): Stream[] {
    const expired = this.list().filter(({ inactiveSince }) => {
      return inactiveSince !== undefined && now - inactiveSince > grace
    })
    for (const stream of expired) {
      this.#streams.delete(streamKey(stream.name))
      // A node that waits for longer would wait here for ever: who comes next publishes another one.
      stream.abandon()
    }
    return expired
  }
}
