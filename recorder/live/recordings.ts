import type { Clock } from '#core/clock.ts'
import type { Machine } from '#core/machine.ts'
import { type StreamName, streamKey } from '#core/stream-name.ts'
import type { SpoolFolder } from '#recorder/spool/spool-folder.ts'
import type { Stream } from '#relay/stream.ts'
import { MediaFiles } from './media-files.ts'
import { Recording } from './recording.ts'

export interface RecordingsOptions {
  readonly clock: Clock
  readonly scheduler: { add(machine: Machine): void; remove(machine: Machine): void }
  readonly spool: SpoolFolder
  /** How far back players may go, in seconds. */
  readonly window: number
}

/** Recordings that are over and can still be played, of all streams. */
const mostEnded = 100

/** The recordings of this node's streams. */
export class Recordings {
  readonly #options: RecordingsOptions
  readonly #live = new Map<string, { readonly recording: Recording; readonly stream: Stream }>()
  /** By stream, those that ended first first. */
  readonly #ended = new Map<string, Recording>()

  constructor(options: RecordingsOptions) {
    this.#options = options
  }

  /** The recording of that stream: the one that goes on, or else the last one. */
  get(name: StreamName): Recording | undefined {
    const key = streamKey(name)
    return this.#live.get(key)?.recording ?? this.#ended.get(key)
  }

  /** Begins a recording of a stream, unless there is one. */
  open(stream: Stream): void {
    const key = streamKey(stream.name)
    if (this.#live.has(key)) return
    const { clock, scheduler, spool, window } = this.#options
    const id = Math.floor(clock.wall()).toString(36)
    const files = new MediaFiles({ spool, folder: `live/${key}/${id}` })
    const recording = new Recording({ name: stream.name, id, window, files, clock })
    this.#live.set(key, { recording, stream })
    scheduler.add(recording)
    stream.follow(recording, clock.now())
  }

  /** The stream is over: its recording stays until there is another one of it. */
  end(name: StreamName): void {
    const key = streamKey(name)
    const live = this.#live.get(key)
    if (!live) return
    this.#live.delete(key)
    this.#options.scheduler.remove(live.recording)
    live.recording.finish()
    live.stream.unfollow(live.recording)
    this.#forget(key)
    this.#ended.set(key, live.recording)
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > mostEnded) this.#forget(oldest!)
  }

  close(): void {
    for (const { recording } of [...this.#live.values()]) this.end(recording.name)
  }

  #forget(key: string): void {
    const recording = this.#ended.get(key)
    this.#ended.delete(key)
    void recording?.files.remove().catch(() => {})
  }
}
