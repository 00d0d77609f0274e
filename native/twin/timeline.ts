import type { LogId } from '#native/media-plane.ts'
import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import type { SourceLog } from './source-log.ts'

/** The packet that got a track's highest number. */
export interface LastPacket {
  readonly timestamp: number
  /** Monotonic ms. */
  readonly at: number
  readonly sent: boolean
}

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
   * time (SRTP-107). Nothing happens unless `from` is what was sent until now.
   *
   * @param ticks by which the RTP time of `log` is ahead of that of `from`
   */
  align(log: SourceLog, from: LogId, ticks: number): void {
    if (this.#current?.log.id !== from) return
    this.#current = { log, delta: this.#current.delta - ticks }
  }

  #continued(log: PacketStore, index: number, last: LastPacket, now: number): number {
    const place = this.#place
    if (!last.sent || !log.locate(index, place)) return 0
    const elapsed = Math.max(1, now - last.at) / 1000
    const next = last.timestamp + Math.round(elapsed * this.#clockRate)
    return next - place.bytes.readUInt32BE(place.offset + 4)
  }
}
