/** A partial segment, as a playlist names it (EXT-X-PART). */
export interface ListedPart {
  readonly uri: string
  /** Seconds. */
  readonly duration: number
  readonly independent: boolean
}

/** A media segment, as a playlist names it; without a duration while it is still being made. */
export interface ListedSegment {
  readonly uri: string
  /** Of its init segment; undefined where the track is missing: the segment is a gap. */
  readonly map: string | undefined
  /** Ms since the Unix epoch at which its first sample was captured. */
  readonly wall: number
  /** It does not go on where the one before it ended. */
  readonly discontinuity: boolean
  readonly parts: ListedPart[]
  /** Seconds. */
  duration: number | undefined
}

export interface SegmentListOptions {
  /** EXT-X-TARGETDURATION, in seconds. */
  readonly targetDuration: number
  /** EXT-X-PART-INF, in seconds. */
  readonly partTarget: number
  /** Older segments are taken off the list, in seconds from its end; Infinity for none. */
  readonly window: number
  /** Number of its first segment. */
  readonly firstSequence: number
}

/** Parts so far from the end are listed no more, in target durations (RFC 8216bis §6.2.2). */
const partsKept = 3

/**
 * The segments of one rendition, in order: what its playlists are made from. Segments are only ever
 * added at the end and taken off at the start (RFC 8216bis §6.2.1).
 */
export class SegmentList {
  readonly options: SegmentListOptions
  #segments: ListedSegment[] = []
  #mediaSequence: number
  #discontinuitySequence = 0
  /** Seconds of all that have ended. */
  #duration = 0
  #ended = false
  #version = 0

  constructor(options: SegmentListOptions) {
    this.options = options
    this.#mediaSequence = options.firstSequence
  }

  /** Segments, the last of which may be open. */
  get segments(): readonly ListedSegment[] {
    return this.#segments
  }

  /** Number of the first segment. */
  get mediaSequence(): number {
    return this.#mediaSequence
  }

  /** Discontinuities taken off the list. */
  get discontinuitySequence(): number {
    return this.#discontinuitySequence
  }

  /** Nothing is added any more. */
  get ended(): boolean {
    return this.#ended
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version
  }

  /** The segment that is being made. */
  get open(): ListedSegment | undefined {
    const last = this.#segments.at(-1)
    return last?.duration === undefined ? last : undefined
  }

  /** Number of the segment that is being made, or would be. */
  get nextSequence(): number {
    return this.#mediaSequence + this.#segments.length - (this.open ? 1 : 0)
  }

  begin(segment: Omit<ListedSegment, 'parts' | 'duration'>): void {
    this.#segments.push({ ...segment, parts: [], duration: undefined })
    this.#version++
  }

  addPart(part: ListedPart): void {
    this.open?.parts.push(part)
    this.#version++
  }

  /**
   * The open segment is whole.
   *
   * @param duration seconds
   * @returns segments that are listed no more
   */
  end(duration: number): readonly ListedSegment[] {
    const { open } = this
    if (!open) return []
    open.duration = duration
    this.#duration += duration
    this.#version++
    this.#forgetParts()
    return this.#forgetSegments()
  }

  /** The rendition is over; a segment without an end is none. */
  finish(): void {
    if (this.open) this.#segments.pop()
    this.#ended = true
    this.#version++
  }

  #forgetParts(): void {
    let fromEnd = 0
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (fromEnd >= partsKept * this.options.targetDuration) {
        if (segment.parts.length === 0) return
        segment.parts.length = 0
      }
      fromEnd += segment.duration ?? 0
    }
  }

  #forgetSegments(): readonly ListedSegment[] {
    const forgotten: ListedSegment[] = []
    for (;;) {
      const [first] = this.#segments
      const rest = this.#duration - (first?.duration ?? 0)
      if (!first || first.duration === undefined || rest < this.options.window) return forgotten
      this.#segments.shift()
      this.#duration = rest
      this.#mediaSequence++
      if (first.discontinuity) this.#discontinuitySequence++
      forgotten.push(first)
    }
  }
}
