import type { Timeline } from './timeline.ts'
import type { AccessUnit, TrackReader } from './track-reader.ts'

export type TrackKind = 'audio' | 'video'

/** An access unit in its place. */
export interface TimedUnit {
  readonly kind: TrackKind
  readonly unit: AccessUnit
  /** Since the recording began. */
  readonly seconds: number
}

/**
 * A track that has given nothing for so long, in ms, is not waited for: longer than a repair takes
 * in either of them.
 */
const patience = 1200

/** Access units of sound and picture in the order of their times. Sans-IO; `now` in monotonic ms. */
export class Interleaver {
  readonly #tracks: { readonly kind: TrackKind; readonly reader: TrackReader }[] = []
  readonly #timeline: Timeline
  readonly #waiting = new Map<TrackKind, TimedUnit>()
  readonly #heardAt = new Map<TrackKind, number>()

  constructor(readers: Partial<Record<TrackKind, TrackReader>>, timeline: Timeline, now: number) {
    for (const kind of ['video', 'audio'] as const) {
      const reader = readers[kind]
      if (reader) this.#tracks.push({ kind, reader })
      this.#heardAt.set(kind, now)
    }
    this.#timeline = timeline
  }

  /** @returns the next; undefined while an earlier one may still come */
  next(now: number): TimedUnit | undefined {
    let first: TimedUnit | undefined
    let isAwaited = false
    for (const { kind, reader } of this.#tracks) {
      const unit = this.#waiting.get(kind) ?? this.#read(kind, reader, now)
      if (!unit) isAwaited ||= now - this.#heardAt.get(kind)! < patience
      else if (!first || unit.seconds < first.seconds) first = unit
    }
    if (!first || isAwaited) return undefined
    this.#waiting.delete(first.kind)
    return first
  }

  /** Takes a unit that was read already: the first one of its track. */
  put(kind: TrackKind, unit: AccessUnit): void {
    const seconds = this.#timeline[kind](unit.timestamp)
    if (seconds !== undefined) this.#waiting.set(kind, { kind, unit, seconds })
  }

  #read(kind: TrackKind, reader: TrackReader, now: number): TimedUnit | undefined {
    for (let unit = reader.read(now); unit; unit = reader.read(now)) {
      this.#heardAt.set(kind, now)
      const seconds = this.#timeline[kind](unit.timestamp)
      if (seconds === undefined) continue
      const timed = { kind, unit, seconds }
      this.#waiting.set(kind, timed)
      return timed
    }
    return undefined
  }
}
