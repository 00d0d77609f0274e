import type { Replay } from '#native/media-plane.ts'
import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import type { SourceLog } from './source-log.ts'

/** The packet that got a track's highest number. */
export interface LastPacket {
  readonly timestamp: number
  /** Monotonic ms. */
  readonly at: number
  readonly sent: boolean
}

type Alignment = NonNullable<Replay['alignment']>

/** Ms: what is that little behind comes right after what was sent last, or at the same time. */
const sameFrames = 150

/** Relates the RTP time of the logs that a track sends from to the track's own. */
export class Timeline {
  readonly #clockRate: number
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #current: { readonly log: SourceLog; readonly delta: number } | undefined

  /** @param clockRate ticks per second */
  constructor(clockRate: number) {
    this.#clockRate = clockRate
  }

  /** Offset from the log's RTP time to ours, once something was sent. */
  get delta(): number | undefined {
    return this.#current?.delta
  }

  /**
   * A log keeps its offset, also when it is replayed again. Another log goes on where the last
   * one stopped plus the time that passed (SRTP-109).
   *
   * @param index of its packet that is sent next
   */
  of(log: SourceLog, index: number, last: LastPacket, now: number): number {
    if (this.#current?.log !== log) {
      this.#current = { log, delta: this.#continued(log, index, last, now) }
    }
    return this.#current.delta
  }

  /**
   * Another encoding of the same picture is sent next: what was captured at one time keeps one
   * time (SRTP-107), but never two frames in a row: a browser would take them for one
   * (SRTP-108). Nothing happens unless `from` is what was sent until now.
   *
   * @param index of its packet that is sent next
   */
  align(log: SourceLog, index: number, { log: from, ticks }: Alignment, last: LastPacket): void {
    if (this.#current?.log.id !== from || !log.locate(index, this.#place)) return
    const delta = this.#current.delta - ticks
    const next = this.#place.bytes.readUInt32BE(this.#place.offset + 4) + delta
    const behind = (last.timestamp - next) >>> 0
    const ms = this.#clockRate / 1000
    const shift = last.sent && behind < sameFrames * ms ? behind + ms : 0
    this.#current = { log, delta: delta + shift }
  }

  #continued(log: PacketStore, index: number, last: LastPacket, now: number): number {
    const place = this.#place
    if (!last.sent || !log.locate(index, place)) return 0
    const elapsed = Math.max(1, now - last.at) / 1000
    const next = last.timestamp + Math.round(elapsed * this.#clockRate)
    return next - place.bytes.readUInt32BE(place.offset + 4)
  }
}
