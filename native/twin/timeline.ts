import type { Replay } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import type { SourceLog } from './source-log.ts'
import type { TimeMap } from './time-map.ts'

/** The packet that got a track's highest number. */
export interface LastPacket {
  readonly timestamp: number
  /** Monotonic ms. */
  readonly at: number
  readonly sent: boolean
}

/** Frames of a thirtieth of a second remain a ms apart. */
const mostSqueezed = 32

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
      this.#current = { log, map: { delta, from: 0, span: 0, squeezed: 0 } }
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
    const to = this.#timeOf(log, log.end - 1) ?? from
    const { alignment, catchUp = 0 } = replay
    const isAligned = alignment !== undefined && alignment.log === current?.log.id
    const delta = isAligned ? current!.map.delta - alignment.ticks : this.#goneOn(last, now) - to
    // Never two frames in a row at one time: a browser would take them for one (SRTP-108).
    const ahead = (to + delta - last.timestamp) | 0
    const begin = last.timestamp + Math.max(ahead, Math.trunc(this.#clockRate / 1000))
    const gap = Math.max(0, (begin - (from + delta)) | 0)
    const squeezed = Math.max(this.#ticks(catchUp), Math.trunc(gap / mostSqueezed))
    const span = gap > 0 ? gap + squeezed : 0
    this.#current = { log, map: { delta, from, span, squeezed } }
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
