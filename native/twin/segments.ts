import type { HeaderTemplate } from './header-template.ts'
import type { SourceLog } from './source-log.ts'
import type { TimeMap } from './time-map.ts'

/** A run of outgoing numbers that map to one log by one constant (DESIGN §6.2). */
export interface Segment {
  readonly log: SourceLog
  /** Outgoing index (48 bits) of the first packet; the run ends where the next one starts. */
  readonly firstOut: number
  /** Outgoing index minus ingest index. */
  readonly delta: number
  readonly template: HeaderTemplate
  /** Of its repeats by RTX; absent where they are the same packets again. */
  readonly repeats: HeaderTemplate | undefined
  readonly time: TimeMap
}

/** Kept per viewer: enough for a minute of restarts, each far older than any NACK. */
const maxSegments = 32

/**
 * The history of one outgoing track: which packet of which log has which outgoing number. No
 * entry per packet, so a viewer's memory does not grow with the bitrate.
 */
export class Segments {
  readonly #segments: Segment[] = []

  get current(): Segment | undefined {
    return this.#segments.at(-1)
  }

  push(segment: Segment): void {
    // A run that never sent anything leaves no trace.
    if (this.current?.firstOut === segment.firstOut) this.#segments.pop()
    this.#segments.push(segment)
    if (this.#segments.length > maxSegments) this.#segments.shift()
  }

  /** The run that outgoing index `out` belongs to, or undefined if that is forgotten. */
  find(out: number): Segment | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      if (this.#segments[i]!.firstOut <= out) return this.#segments[i]
    }
    return undefined
  }

  /**
   * The run in which packet `index` of the current source has its number: the newest one, or
   * an older one of the same mapping when the packet came late.
   */
  place(index: number): Segment | undefined {
    const current = this.current
    if (!current) return undefined
    const out = index + current.delta
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.log !== current.log || segment.delta !== current.delta) return undefined
      if (segment.firstOut <= out) return segment
    }
    return undefined
  }
}
