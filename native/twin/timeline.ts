import type { Replay } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import type { SourceLog } from './source-log.ts'
import { constantMap, mapAfter, type TimeMap } from './time-map.ts'

/** The packet that got a track's highest number. */
export interface LastPacket {
  readonly timestamp: number
  /** Monotonic ms. */
  readonly at: number
  readonly sent: boolean
}

/** Frames of a sixtieth of a second remain a ms apart. */
const mostSqueezed = 16
/** Ms; no log holds more, and clocks that are farther apart do not tell the same time. */
const longestRun = 30_000

/** Relates the RTP time of the logs that a track sends from to the track's own. */
export class Timeline {
  readonly #clockRate: number
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #current: { readonly log: SourceLog; readonly map: TimeMap } | undefined

  /** @param clockRate ticks per second */
  constructor(clockRate: number) {
    this.#clockRate = clockRate
  }

  /** Offset from the log's RTP time to ours at the live end, once something was sent. */
  get delta(): number | undefined {
    return this.#current?.map.delta
  }

  /**
   * A log keeps its times, also when it is replayed again. Another log goes on where the last one
   * stopped plus the time that passed (SRTP-109).
   *
   * @param index of its packet that is sent next
   */
  of(log: SourceLog, index: number, last: LastPacket, now: number): TimeMap {
    if (this.#current?.log !== log) {
      const next = last.sent ? this.#timeOf(log, index) : undefined
      const delta = next === undefined ? 0 : this.#goneOn(last, now) - next
      this.#current = { log, map: constantMap(delta) }
    }
    return this.#current.map
  }

  /**
   * A replay of another log comes next. Its newest packet is as old as what was sent last, or, of
   * another encoding of the same picture, has the time that its capture has there (SRTP-107); what
   * comes before that is squeezed into the time that the replay takes. So time never goes back,
   * and stands where a receiver's clock expects it: one that gets old pictures in mid-play takes
   * them for late, and holds back what follows.
   */
  catchUp(log: SourceLog, replay: Replay, last: LastPacket, now: number): void {
    const from = this.#timeOf(log, replay.from)
    const current = this.#current
    if (current?.log === log || !last.sent || from === undefined) return
    const longest = this.#ticks(longestRun)
    const length = ((this.#timeOf(log, log.end - 1) ?? from) - from) >>> 0
    const to = length < longest ? from + length : from
    const { alignment, catchUp = 0 } = replay
    let delta = this.#goneOn(last, now) - to
    let begin = to + delta
    if (current && alignment?.log === current.log.id) {
      const aligned = current.map.delta - alignment.ticks
      const ahead = (to + aligned - last.timestamp) | 0
      if (Math.abs(ahead) < longest) {
        // Never two frames in a row at one time: a browser would take them for one (SRTP-108).
        begin = last.timestamp + Math.max(ahead, this.#ticks(1))
        delta = aligned
      }
    }
    const behind = (begin - (from + delta)) >>> 0
    const map = { delta, from, span: 0, squeezed: 0 }
    if (behind < 2 * longest) {
      const least = Math.trunc(behind / mostSqueezed)
      map.squeezed = Math.max(this.#ticks(catchUp > 0 ? Math.min(catchUp, longestRun) : 0), least)
      map.span = behind + map.squeezed
    }
    this.#current = { log, map }
  }

  /** Tell it now and then what was sent last. */
  settle({ timestamp }: LastPacket): void {
    const current = this.#current
    if (current) this.#current = { ...current, map: mapAfter(current.map, timestamp) }
  }

  #timeOf(log: SourceLog, index: number): number | undefined {
    const place = this.#place
    return log.locate(index, place) ? place.bytes.readUInt32BE(place.offset + 4) : undefined
  }

  #ticks(ms: number): number {
    return Math.round((ms * this.#clockRate) / 1000)
  }

  #goneOn(last: LastPacket, now: number): number {
    return last.timestamp + this.#ticks(Math.max(1, now - last.at))
  }
}
