import { firstIndexBound } from '#native/first-index.ts'
import type { Replay, TrackFormat, TrackSource } from '#native/media-plane.ts'
import type { PacketPlace } from '#native/packet-store.ts'
import { type HeaderTemplate, headerTemplate, type PlayoutDelay } from './header-template.ts'
import { type Outlet, PacketWriter } from './packet-writer.ts'
import type { Peer } from './peer.ts'
import { RetransmissionBudget } from './retransmission-budget.ts'
import { type Segment, Segments } from './segments.ts'
import { PrefixStore, SourceLog } from './source-log.ts'
import { mapAfter, type TimeMap, timeAt } from './time-map.ts'
import { Timeline } from './timeline.ts'

/**
 * The packets of one outgoing track: which packet of which log leaves, or left, under which
 * number. Owns every number that leaves: nobody else may, because one (SSRC, index) used for two
 * packets would give away the GCM key (RFC 7714 §8.4).
 */
export class OutgoingStream {
  readonly statistics = { packets: 0, bytes: 0, retransmitted: 0, replayed: 0, probed: 0 }
  readonly #peer: Peer
  readonly format: TrackFormat
  readonly #outlet: Outlet
  readonly #writer: PacketWriter
  readonly #timeline: Timeline
  readonly #segments = new Segments()
  readonly #budget = new RetransmissionBudget()
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #source: TrackSource | undefined
  #nextOut: number
  /** Outgoing index of the first packet that is worth a repeat. */
  #startedOver = Number.NEGATIVE_INFINITY
  #nextRtx: number
  #last = { timestamp: 0, at: 0, marker: true, sent: false }

  constructor(peer: Peer, format: TrackFormat, outlet: Outlet) {
    this.#peer = peer
    this.format = format
    this.#outlet = outlet
    this.#writer = new PacketWriter(peer, outlet)
    this.#timeline = new Timeline(format.clockRate)
    this.#nextOut = outlet.random(firstIndexBound)
    this.#nextRtx = outlet.random(firstIndexBound)
  }

  get hasSent(): boolean {
    return this.#last.sent
  }

  /** Whether the packet sent last ended a frame. */
  get endedFrame(): boolean {
    return this.#last.marker
  }

  /** Offset from the log's RTP time to ours, once something was sent. */
  get timestampDelta(): number | undefined {
    return this.#timeline.delta
  }

  /** Outgoing index of the next packet, 48 bits. */
  get nextOut(): number {
    return this.#nextOut
  }

  /** Ingest index that has, or would have, the next outgoing number. */
  get nextIndex(): number {
    return this.#nextOut - (this.#segments.current?.delta ?? 0)
  }

  /** Whether repeats of what is sent now are numbered, too. */
  get numbersRepeats(): boolean {
    return this.#segments.current?.repeats?.transportCcAt !== undefined
  }

  /** A replay comes next. */
  catchUp(log: SourceLog, replay: Replay): void {
    this.#timeline.catchUp(log, replay, this.#last, this.#outlet.now)
  }

  /** From now on packet `index` of the log has the next number, and the others follow from it. */
  begin(source: TrackSource, log: SourceLog, index: number, delay: PlayoutDelay): void {
    this.#source = source
    this.#map(log, index, this.#timeline.of(log, index, this.#last, this.#outlet.now), delay)
  }

  /** Sends packets of our own making that belong to the keyframe at `index` of the log. */
  sendPrefix(
    source: TrackSource,
    log: SourceLog,
    { from, prefix }: { readonly from: number; readonly prefix: readonly Buffer[] },
  ): void {
    this.#source = source
    const time = this.#timeline.of(log, from, this.#last, this.#outlet.now)
    if (!log.locate(from, this.#place)) return
    const timestamp = this.#place.bytes.readUInt32BE(this.#place.offset + 4)
    const store = new PrefixStore(prefix, timestamp)
    this.#map(new SourceLog(-1, store), 0, time, 'now')
    for (let index = 0; index < store.end; index++) this.send(index)
  }

  /** The same mapping goes on with another header. */
  goOn(delay: PlayoutDelay): void {
    const current = this.#segments.current
    if (!current) return
    this.#timeline.settle(this.#last)
    const time = mapAfter(current.time, this.#last.timestamp)
    const template = this.#template(delay, current.repeats !== undefined)
    this.#segments.push({ ...current, firstOut: this.#nextOut, template, time })
  }

  /**
   * A keyframe comes next, on a link that may have become narrow: what was sent before it is of no
   * use to a decoder any more, and repeats of it would only be in the keyframe's way.
   */
  startOver(): void {
    this.#startedOver = this.#nextOut
  }

  /** @param pace bytes per ms of live packets */
  limitRepeats(pace: number): void {
    this.#budget.limit(pace)
  }

  /** @returns the bytes sent, 0 for a hole */
  send(index: number): number {
    const segment = this.#segments.place(index)
    if (!segment?.log.locate(index, this.#place)) return 0
    const out = index + segment.delta
    const place = this.#place
    const timestamp = this.#timestampAt(segment)
    const length = this.#sendPacket(segment, out, timestamp)
    if (out >= this.#nextOut) {
      this.#nextOut = out + 1
      this.#last.timestamp = timestamp
      this.#last.at = this.#outlet.now
      this.#last.marker = (place.bytes[place.offset + 1]! & 0x80) !== 0
      this.#last.sent = true
    }
    return length
  }

  /** Bytes of the stored packet at that index of the current source; undefined for a hole. */
  lengthOf(index: number): number | undefined {
    const segment = this.#segments.place(index)
    return segment?.log.locate(index, this.#place) ? this.#place.length : undefined
  }

  /** Sends a packet of the current source once more. @returns bytes, 0 for a hole or no budget */
  repeat(index: number): number {
    const segment = this.#segments.place(index)
    if (!segment?.log.locate(index, this.#place)) return 0
    return this.#repeat(segment, index + segment.delta) ?? 0
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
      const out = this.#nextOut - (behind === 0 ? 0x10000 : behind)
      if (out < this.#startedOver) continue
      const segment = this.#segments.find(out)
      if (!segment || out - segment.delta < segment.log.start) held = false
      else if (segment.log.locate(out - segment.delta, this.#place)) {
        const sent = this.#repeat(segment, out)
        // Out of budget: looking up the rest would be work for nothing.
        if (sent === undefined) break
        bytes += sent
      }
    }
    return { held, bytes }
  }

  /**
   * Repeats a packet of the current source for a probe, if it is one that `wanted` takes.
   *
   * @param wanted is given the length of the stored packet
   * @returns false when nothing that old has left from this source
   */
  probe(index: number, wanted: (length: number) => boolean): boolean {
    const segment = this.#segments.place(index)
    if (segment?.repeats?.transportCcAt === undefined || index < segment.log.start) return false
    if (!segment.log.locate(index, this.#place) || !wanted(this.#place.length)) return true
    this.#sendRepeat(segment, segment.repeats, index + segment.delta)
    this.statistics.probed++
    return true
  }

  #map(log: SourceLog, index: number, time: TimeMap, delay: PlayoutDelay): void {
    const repeats = this.#repeatTemplate()
    this.#segments.push({
      log,
      firstOut: this.#nextOut,
      delta: this.#nextOut - index,
      template: this.#template(delay, repeats !== undefined),
      repeats,
      time,
    })
  }

  // Of other sources only replays are numbered: they are paced by what feedback tells. And only
  // with RTX: a repeat on the same SSRC would need the old number, or be another packet (SRTP-61).
  #template(delay: PlayoutDelay, repeatsApart: boolean): HeaderTemplate {
    const { payloadType, numbered } = this.#source!
    const counts = repeatsApart && (numbered === true || delay === 'now')
    return headerTemplate(this.format, payloadType, delay, counts)
  }

  #repeatTemplate(): HeaderTemplate | undefined {
    const { rtxPayloadType, numbered = false } = this.#source!
    const { rtxSsrc } = this.format
    if (rtxPayloadType === undefined || rtxSsrc === undefined) return undefined
    return headerTemplate({ ...this.format, ssrc: rtxSsrc }, rtxPayloadType, undefined, numbered)
  }

  #sendPacket(segment: Segment, out: number, timestamp: number): number {
    const sent = this.#writer.media(this.#place, segment.template, { index: out, timestamp })
    if (sent === 0) return 0
    this.statistics.packets++
    this.statistics.bytes += sent - segment.template.bytes.length - this.#peer.sender.overhead
    return sent
  }

  // Undefined, and nothing is sent, when the budget is spent.
  #repeat(segment: Segment, out: number): number | undefined {
    if (!this.#budget.allows(this.#place.length, this.#outlet.now)) return undefined
    this.statistics.retransmitted++
    return segment.repeats
      ? this.#sendRepeat(segment, segment.repeats, out)
      : this.#sendPacket(segment, out, this.#timestampAt(segment))
  }

  #sendRepeat(segment: Segment, template: HeaderTemplate, original: number): number {
    const timestamp = this.#timestampAt(segment)
    const index = this.#nextRtx++
    return this.#writer.repeat(this.#place, template, { index, timestamp, original })
  }

  /** Of the packet at hand. */
  #timestampAt(segment: Segment): number {
    const { bytes, offset } = this.#place
    return timeAt(segment.time, bytes.readUInt32BE(offset + 4))
  }
}
