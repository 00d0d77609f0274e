import { firstIndexBound } from '#native/first-index.ts'
import type { Replay, TrackFormat, TrackSource, TrackStatistics } from '#native/media-plane.ts'
import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import { headerTemplate, type PlayoutDelay } from './header-template.ts'
import { type Outlet, PacketWriter } from './packet-writer.ts'
import type { Peer } from './peer.ts'
import { ReplayCursor } from './replay-cursor.ts'
import { RetransmissionBudget } from './retransmission-budget.ts'
import { type Segment, Segments } from './segments.ts'
import { PrefixStore, SourceLog } from './source-log.ts'

/** Live packets that carry the release of the playout delay after a replay (DESIGN §6.4). */
const releasePackets = 600
/** Parameter sets, delimiters and SEI are smaller; slices of a keyframe are not, in bytes. */
const largePacket = 300
const longestHead = 8

/**
 * One RTP stream towards one viewer. Owns every number that leaves: nobody else may, because
 * one (SSRC, index) used for two packets would give away the GCM key (RFC 7714 §8.4).
 */
export class OutgoingTrack {
  readonly id: number
  readonly peer: Peer
  readonly format: TrackFormat
  log: SourceLog | undefined
  readonly #outlet: Outlet
  readonly #writer: PacketWriter
  readonly #segments = new Segments()
  readonly #budget = new RetransmissionBudget()
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  #source: TrackSource | undefined
  #cursor: ReplayCursor | undefined
  /** The log that the current segment maps, unless the track has left it since. */
  #mapped: SourceLog | undefined
  #timeline: { log: SourceLog; delta: number } | undefined
  #pendingJump: { source: TrackSource; log: SourceLog; replay: Replay } | undefined
  #nextOut: number
  #nextRtx: number
  #releaseUntil = 0
  #last = { timestamp: 0, at: 0, marker: true, sent: false }
  readonly #statistics = { packets: 0, bytes: 0, retransmitted: 0, replayed: 0 }

  constructor(id: number, peer: Peer, format: TrackFormat, outlet: Outlet) {
    this.id = id
    this.peer = peer
    this.format = format
    this.#outlet = outlet
    this.#writer = new PacketWriter(peer, outlet)
    this.#nextOut = outlet.random(firstIndexBound)
    this.#nextRtx = outlet.random(firstIndexBound)
  }

  get statistics(): TrackStatistics {
    return this.#statistics
  }

  get hasSent(): boolean {
    return this.#last.sent
  }

  /** Offset from the log's RTP time to ours, once something was sent. */
  get timestampDelta(): number | undefined {
    return this.#timeline?.delta
  }

  follow(source: TrackSource, log: SourceLog): void {
    this.leave()
    this.#enter(source, log)
  }

  replay(source: TrackSource, log: SourceLog, replay: Replay): void {
    if (this.log === log && this.#canFinish && !this.#last.marker) {
      this.#pendingJump = { source, log, replay }
      return
    }
    this.leave()
    this.#enter(source, log)
    const timestampDelta = this.#timelineOf(log, replay.from)
    if (replay.prefix && log.locate(replay.from, this.#place)) {
      const timestamp = this.#place.bytes.readUInt32BE(this.#place.offset + 4)
      const prefix = new PrefixStore(replay.prefix, timestamp)
      this.#startSegment(new SourceLog(-1, prefix), 0, timestampDelta, 'now')
      for (let index = 0; index < prefix.end; index++) this.#sendIndexed(index)
    }
    this.#startSegment(log, replay.from, timestampDelta, 'now')
    this.#cursor = new ReplayCursor(replay, this.#outlet.now)
  }

  setPace(pace: number): void {
    if (this.#cursor) this.#cursor.pace = pace
  }

  /** A packet was stored. During a replay only what the cursor has passed goes out now. */
  deliver(index: number): void {
    if (this.#cursor && index >= this.#cursor.next) return
    if (this.#mapped !== this.log) {
      this.#startSegment(this.log!, index, this.#timelineOf(this.log!, index), undefined)
    }
    this.#sendIndexed(index)
    if (this.#releaseUntil > 0 && this.#nextOut >= this.#releaseUntil) {
      this.#releaseUntil = 0
      this.#continueSegment(undefined)
    }
  }

  /** Sends what the pace allows. @returns true when the replay has just reached the live end */
  pump(now: number): boolean {
    const cursor = this.#cursor
    const log = this.log
    if (!cursor || !log) return false
    cursor.refill(now)
    if (!this.#canFinish && this.#jump()) return false
    while (cursor.budget > 0 && cursor.next < log.end) {
      const index = Math.max(cursor.next, log.start)
      if (cursor.head) this.#repeatHead(cursor, cursor.head, index)
      const bytes = this.#sendIndexed(index)
      cursor.next = index + 1
      if (bytes === 0) continue
      cursor.budget -= bytes
      this.#statistics.replayed++
      if (this.#last.marker && this.#jump()) return false
    }
    if (cursor.next < log.end) return false
    this.#cursor = undefined
    this.#continueSegment('release')
    this.#releaseUntil = this.#nextOut + releasePackets
    return true
  }

  // A browser that gets a slice before a parameter set, because that one came by repair, never
  // shows the picture. So what a keyframe begins with goes twice before its first large packet.
  #repeatHead(cursor: ReplayCursor, head: number[], index: number): void {
    const place = this.#place
    if (!this.#segments.place(index)?.log.locate(index, place)) return
    if (place.length < largePacket && head.length < longestHead) {
      head.push(index)
      return
    }
    cursor.head = undefined
    for (const early of head) {
      const segment = this.#segments.place(early)
      if (segment?.log.locate(early, place)) this.#repeat(segment, early + segment.delta)
    }
  }

  /**
   * @param sequenceNumbers outgoing, 16 bits
   * @returns false when one of them is no longer held: only a replay helps
   */
  retransmit(sequenceNumbers: readonly number[]): boolean {
    let held = true
    for (const sequenceNumber of sequenceNumbers) {
      const behind = (this.#nextOut - sequenceNumber) & 0xffff
      const out = this.#nextOut - (behind === 0 ? 0x10000 : behind)
      const segment = this.#segments.find(out)
      if (!segment || out - segment.delta < segment.log.start) held = false
      else if (segment.log.locate(out - segment.delta, this.#place)) {
        // Out of budget: looking up the rest would be work for nothing.
        if (!this.#repeat(segment, out)) break
      }
    }
    return held
  }

  /** Sends nothing more until it gets another source. What has left can still be repeated. */
  leave(): void {
    this.log?.members.delete(this)
    this.log = undefined
    this.#mapped = undefined
    this.#cursor = undefined
    this.#pendingJump = undefined
    this.#releaseUntil = 0
  }

  #enter(source: TrackSource, log: SourceLog): void {
    this.#source = source
    this.log = log
    log.members.add(this)
  }

  // A new keyframe makes the log let go of the old GOP. Going on behind that gap only to end some
  // frame or other would have the viewer ask for all of it.
  get #canFinish(): boolean {
    return (
      this.#cursor !== undefined && this.log !== undefined && this.#cursor.next >= this.log.start
    )
  }

  // The frame at hand needs no more; the rest of the old replay is not worth sending.
  #jump(): boolean {
    const jump = this.#pendingJump
    if (!jump) return false
    this.#pendingJump = undefined
    this.replay(jump.source, jump.log, jump.replay)
    return true
  }

  // Only a replay is numbered for transport-wide feedback: it alone is paced by it. And only with
  // RTX: a repeat on the same SSRC would need the old number, or be another packet (SRTP-61).
  #startSegment(log: SourceLog, index: number, timestampDelta: number, delay: PlayoutDelay): void {
    const { payloadType, rtxPayloadType } = this.#source!
    this.#mapped = log
    const repeatsApart = rtxPayloadType !== undefined && this.format.rtxSsrc !== undefined
    this.#segments.push({
      log,
      firstOut: this.#nextOut,
      delta: this.#nextOut - index,
      template: headerTemplate(this.format, payloadType, delay, delay === 'now' && repeatsApart),
      rtxPayloadType,
      timestampDelta,
    })
  }

  // The same mapping goes on with another header.
  #continueSegment(delay: PlayoutDelay): void {
    const current = this.#segments.current
    if (!current) return
    const template = headerTemplate(this.format, this.#source!.payloadType, delay, false)
    this.#segments.push({ ...current, firstOut: this.#nextOut, template })
  }

  // A log keeps its offset, also when it is replayed again. Another log goes on where the last
  // one stopped plus the time that passed (SRTP-109).
  #timelineOf(log: SourceLog, index: number): number {
    if (this.#timeline?.log !== log) {
      this.#timeline = { log, delta: this.#continuedTime(log, index) }
    }
    return this.#timeline.delta
  }

  #continuedTime(log: PacketStore, index: number): number {
    if (!this.#last.sent || !log.locate(index, this.#place)) return 0
    const elapsed = Math.max(1, this.#outlet.now - this.#last.at) / 1000
    const next = this.#last.timestamp + Math.round(elapsed * this.format.clockRate)
    return next - this.#place.bytes.readUInt32BE(this.#place.offset + 4)
  }

  // Returns the bytes sent, 0 for a hole.
  #sendIndexed(index: number): number {
    const segment = this.#segments.place(index)
    if (!segment?.log.locate(index, this.#place)) return 0
    const out = index + segment.delta
    const place = this.#place
    const timestamp = (place.bytes.readUInt32BE(place.offset + 4) + segment.timestampDelta) >>> 0
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

  #sendPacket(segment: Segment, out: number, timestamp: number): number {
    const sent = this.#writer.media(this.#place, segment.template, { index: out, timestamp })
    if (sent === 0) return 0
    this.#statistics.packets++
    this.#statistics.bytes += sent - segment.template.bytes.length - this.peer.sender.overhead
    return sent
  }

  // Returns false, and sends nothing, when the budget is spent.
  #repeat(segment: Segment, out: number): boolean {
    const place = this.#place
    if (!this.#budget.allows(place.length, this.#outlet.now)) return false
    const timestamp = (place.bytes.readUInt32BE(place.offset + 4) + segment.timestampDelta) >>> 0
    this.#statistics.retransmitted++
    const { rtxSsrc: ssrc } = this.format
    const { rtxPayloadType: payloadType } = segment
    const sent =
      ssrc === undefined || payloadType === undefined
        ? this.#sendPacket(segment, out, timestamp)
        : this.#writer.repeat(place, out, { index: this.#nextRtx++, timestamp, ssrc, payloadType })
    // Repeats take their share of the link: a replay that ignored that would overrun it further.
    if (this.#cursor) this.#cursor.budget -= sent
    return true
  }
}
