import type { LinkRun } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import { type Outlet, PacketWriter } from './packet-writer.ts'
import type { Peer } from './peer.ts'
import { RetransmissionBudget } from './retransmission-budget.ts'
import type { SourceLog } from './source-log.ts'

/**
 * The packets of one run to another node. The number of a packet follows from its ingest index by
 * a constant, so that no (SSRC, index) can stand for two of them (RFC 7714 §8.1): a log never
 * gives an index to another packet.
 */
export class LinkStream {
  readonly format = undefined
  readonly statistics = { packets: 0, bytes: 0, retransmitted: 0, replayed: 0, probed: 0 }
  /** Nothing of it is a repeat by RTX, and no probe can be made of it. */
  readonly numbersRepeats = false
  /** What there is to relate RTP time to: it is the log's own. */
  readonly timestampDelta = undefined
  readonly #run: LinkRun
  readonly #peer: Peer
  readonly #outlet: Outlet
  readonly #writer: PacketWriter
  readonly #budget = RetransmissionBudget.forLink()
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #log: SourceLog | undefined
  #nextOut = 0
  #endedFrame = true

  constructor(peer: Peer, run: LinkRun, outlet: Outlet) {
    this.#peer = peer
    this.#run = run
    this.#outlet = outlet
    this.#writer = new PacketWriter(peer, outlet)
  }

  get hasSent(): boolean {
    return this.#nextOut > 0
  }

  get endedFrame(): boolean {
    return this.#endedFrame
  }

  get nextOut(): number {
    return this.#nextOut
  }

  get nextIndex(): number {
    return this.#nextOut + this.#run.base
  }

  begin(_source: unknown, log: SourceLog): void {
    this.#log = log
  }

  // Of what viewers get and other nodes do not: times and headers of our own.
  catchUp(): void {}
  sendPrefix(): void {}
  goOn(): void {}
  startOver(): void {}
  repeat(): number {
    return 0
  }
  probe(): boolean {
    return false
  }

  limitRepeats(pace: number): void {
    this.#budget.limit(pace)
  }

  lengthOf(index: number): number | undefined {
    return this.#log?.locate(index, this.#place) ? this.#place.length : undefined
  }

  /** @returns the bytes sent, 0 for a hole */
  send(index: number): number {
    const out = index - this.#run.base
    if (out < 0 || !this.#log?.locate(index, this.#place)) return 0
    const sent = this.#writer.verbatim(this.#place, this.#run.ssrc, out)
    if (sent === 0) return 0
    this.statistics.packets++
    this.statistics.bytes += sent - this.#peer.sender.overhead
    if (out >= this.#nextOut) {
      this.#nextOut = out + 1
      this.#endedFrame = (this.#place.bytes[this.#place.offset + 1]! & 0x80) !== 0
    }
    return sent
  }

  /**
   * @param sequenceNumbers outgoing, 16 bits
   * @returns `held` is false when one of them is not held any more; `bytes` are those sent
   */
  retransmit(sequenceNumbers: readonly number[]): { held: boolean; bytes: number } {
    let held = true
    let bytes = 0
    for (const sequenceNumber of sequenceNumbers) {
      const behind = (this.#nextOut - sequenceNumber) & 0xffff
      const index = this.nextIndex - (behind === 0 ? 0x10000 : behind)
      if (!this.#log || index < this.#log.start) {
        held = false
        continue
      }
      const length = this.lengthOf(index)
      if (length === undefined) continue
      // Out of budget: looking up the rest would be work for nothing.
      if (!this.#budget.allows(length, this.#outlet.now)) break
      this.statistics.retransmitted++
      bytes += this.send(index)
    }
    return { held, bytes }
  }
}
