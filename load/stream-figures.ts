/** What the headers of one RTP stream have told so far. */
export interface StreamFigures {
  readonly ssrc: number
  readonly kind: 'audio' | 'video'
  /** Each number once, those that came by RTX too. */
  readonly packets: number
  /** Of whole datagrams, as they came. */
  readonly bytes: number
  /** Never came, nor by repair; what is still being asked for counts as well. */
  readonly lost: number
  readonly duplicates: number
  /** Numbers from the first packet to the highest, since the sender last started over. */
  readonly expected: number
  /** Packets on this very SSRC, duplicates too: what a report block counts (RFC 3550 §A.3). */
  readonly received: number
  /** Cycles and number, as in a report block; the first cycle is 0. */
  readonly highestSequence: number
  /** Interarrival jitter (RFC 3550 §6.4.1), in ticks. */
  readonly jitter: number
  /** Of the RTP clock. */
  readonly ticksPerMs: number
  /** Frames that ended by a marker, and those of them that were whole: see `HeaderCounter`. */
  readonly frames: number
  readonly wholeFrames: number
  /** Gaps between whole frames that a viewer notices, the longest and all of them in ms. */
  readonly freezes: number
  readonly longestFreeze: number
  readonly frozen: number
  /** Monotonic ms of the last whole frame. */
  readonly wholeAt: number | undefined
  /** Monotonic ms of the first packet, and of the moment it had caught up: see `LiveEdge`. */
  readonly firstAt: number
  readonly liveAt: number | undefined
}

/** Numbers of one stream as `native/addon/load-counter.cc` writes them. */
export const figureCount = 19

/** Streams that one session counts; a server that restarts them gets this far. */
export const maxStreams = 8

/** Reads what native code wrote. */
export function readFigures(numbers: Float64Array, stream: number): StreamFigures {
  const at = (place: number) => numbers[stream * figureCount + place]!
  const liveAt = at(18)
  return {
    ssrc: at(0),
    kind: at(1) === 1 ? 'video' : 'audio',
    packets: at(2),
    bytes: at(3),
    lost: at(4),
    duplicates: at(5),
    expected: at(6),
    received: at(7),
    highestSequence: at(8),
    jitter: at(9),
    ticksPerMs: at(10),
    frames: at(11),
    wholeFrames: at(12),
    freezes: at(13),
    longestFreeze: at(14),
    frozen: at(15),
    wholeAt: at(12) > 0 ? at(17) : undefined,
    firstAt: at(16),
    liveAt: Number.isNaN(liveAt) ? undefined : liveAt,
  }
}
