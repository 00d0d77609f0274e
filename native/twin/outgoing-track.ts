import type {
  Probe,
  Replay,
  TrackFormat,
  TrackSource,
  TrackStatistics,
} from '#native/media-plane.ts'
import type { LinkStream } from './link-stream.ts'
import { LivePace } from './live-pace.ts'
import type { OutgoingStream } from './outgoing-stream.ts'
import type { Outlet } from './packet-writer.ts'
import type { Peer } from './peer.ts'
import { ProbeRun } from './probe-run.ts'
import { ReplayCursor } from './replay-cursor.ts'
import type { SourceLog } from './source-log.ts'

/** Live packets that carry the release of the playout delay after a replay (DESIGN §6.4). */
const releasePackets = 600
/** Parameter sets, delimiters and SEI are smaller; slices of a keyframe are not, in bytes. */
const largePacket = 300
const longestHead = 8
/** Places of a log that a probe looks at in one go, holes included. */
const probedAtOnce = 256

/** What a look at a track came to. */
export type Pumped = 'caught up' | 'starved' | undefined

/**
 * One RTP stream towards one viewer: what is sent from where, and when. Its numbers are those of
 * its `OutgoingStream`.
 */
export class OutgoingTrack {
  readonly id: number
  readonly peer: Peer
  log: SourceLog | undefined
  readonly #outlet: Outlet
  readonly #stream: OutgoingStream | LinkStream
  #source: TrackSource | undefined
  #cursor: ReplayCursor | undefined
  #pace: LivePace | undefined
  #probe: ProbeRun | undefined
  /** The log that the current segment maps, unless the track has left it since. */
  #mapped: SourceLog | undefined
  #pendingJump: { source: TrackSource; log: SourceLog; replay: Replay } | undefined
  #releaseUntil = 0

  constructor(id: number, peer: Peer, stream: OutgoingStream | LinkStream, outlet: Outlet) {
    this.id = id
    this.peer = peer
    this.#outlet = outlet
    this.#stream = stream
  }

  /** Undefined to another node, which is told by other ways. */
  get format(): TrackFormat | undefined {
    return this.#stream.format
  }

  get statistics(): TrackStatistics {
    return this.#stream.statistics
  }

  get hasSent(): boolean {
    return this.#stream.hasSent
  }

  /** Offset from the log's RTP time to ours, once something was sent. */
  get timestampDelta(): number | undefined {
    return this.#stream.timestampDelta
  }

  follow(source: TrackSource, log: SourceLog): void {
    this.leave()
    this.#enter(source, log)
  }

  replay(source: TrackSource, log: SourceLog, replay: Replay): void {
    if (this.log === log && this.#canFinish && !this.#stream.endedFrame) {
      this.#pendingJump = { source, log, replay }
      return
    }
    this.leave()
    this.#enter(source, log)
    const { from, prefix } = replay
    this.#stream.catchUp(log, replay)
    if (source.numbered) this.#stream.startOver()
    if (prefix) this.#stream.sendPrefix(source, log, { from, prefix })
    this.#begin(log, from, 'now')
    this.#cursor = new ReplayCursor(replay, this.#outlet.now)
    if (!this.format) this.#cursor.head = undefined
  }

  setPace(pace: number): void {
    if (this.#cursor) this.#cursor.pace = pace
  }

  /** @param pace bytes per ms of live packets */
  setLivePace(pace: number): void {
    const { now } = this.#outlet
    this.#stream.limitRepeats(pace)
    if (this.#pace) this.#pace.set(pace, now)
    else if (pace !== Number.POSITIVE_INFINITY) this.#pace = new LivePace(pace, now)
  }

  /**
   * A track without a source repeats what it sent last: whether it can have one again is the
   * question. Does nothing on a track that cannot repeat with numbers.
   */
  probe(probe: Probe): void {
    if (this.log !== this.#mapped || !this.#stream.numbersRepeats) return
    this.#endProbe()
    this.#probe = new ProbeRun(probe, this.#stream.nextIndex - 1, this.#outlet.now)
    this.peer.transport.beginCluster(probe.cluster)
  }

  /** A packet was stored. While the track is on its way, only what it has passed goes out now. */
  deliver(index: number): void {
    if (this.#cursor && index >= this.#cursor.next) return
    if (this.#mapped !== this.log) this.#begin(this.log!, index, undefined)
    if (this.#pace && !this.#cursor && this.#waits(this.#pace, index)) return
    this.#sendLive(index)
  }

  /** Whether `pump` has something to do. */
  get needsPump(): boolean {
    return this.#cursor !== undefined || this.#probe !== undefined || this.#pace?.behind === true
  }

  /** Sends what the paces allow. */
  pump(now: number): Pumped {
    const pumped = this.#cursor ? this.#goOnReplaying(now) : this.#catchUp(now)
    if (this.#probe) this.#goOnProbing(this.#probe, now)
    return pumped
  }

  /**
   * @param sequenceNumbers outgoing, 16 bits
   * @returns false when one of them is no longer held: only a replay helps
   */
  retransmit(sequenceNumbers: readonly number[]): boolean {
    const { held, bytes } = this.#stream.retransmit(sequenceNumbers)
    // Repeats take their share of the link: what ignored that would overrun it further.
    if (this.#cursor) this.#cursor.budget -= bytes
    else this.#pace?.spend(bytes)
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
    this.#pace?.level()
    this.#endProbe()
  }

  #enter(source: TrackSource, log: SourceLog): void {
    this.#source = source
    this.log = log
    log.members.add(this)
  }

  #begin(log: SourceLog, index: number, delay: 'now' | undefined): void {
    this.#mapped = log
    this.#stream.begin(this.#source!, log, index, delay)
  }

  #goOnReplaying(now: number): Pumped {
    const cursor = this.#cursor
    const log = this.log
    if (!cursor || !log) return undefined
    cursor.refill(now)
    if (!this.#canFinish && this.#jump()) return undefined
    while (cursor.budget > 0 && cursor.next < log.end) {
      const index = Math.max(cursor.next, log.start)
      if (cursor.head) this.#repeatHead(cursor, cursor.head, index)
      const bytes = this.#stream.send(index)
      cursor.next = index + 1
      if (bytes === 0) continue
      cursor.budget -= bytes
      this.#stream.statistics.replayed++
      if (this.#stream.endedFrame && this.#jump()) return undefined
    }
    if (cursor.next < Math.max(log.end, cursor.until)) return undefined
    this.#cursor = undefined
    this.#stream.goOn('release')
    this.#releaseUntil = this.#stream.nextOut + releasePackets
    return 'caught up'
  }

  // A browser that gets a slice before a parameter set, because that one came by repair, never
  // shows the picture. So what a keyframe begins with goes twice before its first large packet.
  #repeatHead(cursor: ReplayCursor, head: number[], index: number): void {
    const length = this.#stream.lengthOf(index)
    if (length === undefined) return
    if (length < largePacket && head.length < longestHead) {
      head.push(index)
      return
    }
    cursor.head = undefined
    for (const early of head) cursor.budget -= this.#stream.repeat(early)
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

  #sendLive(index: number): void {
    const bytes = this.#stream.send(index)
    this.#pace?.spend(bytes)
    if (this.#releaseUntil > 0 && this.#stream.nextOut >= this.#releaseUntil) {
      this.#releaseUntil = 0
      this.#stream.goOn(undefined)
    }
  }

  // What the track has passed waits for nobody: the viewer waits for it.
  #waits(pace: LivePace, index: number): boolean {
    if (pace.behind) return index >= pace.next
    if (index < this.#stream.nextIndex) return false
    const { now } = this.#outlet
    pace.refill(now)
    if (pace.hasBudget) return false
    pace.fallBehind(index, now)
    return true
  }

  #catchUp(now: number): Pumped {
    const pace = this.#pace
    const log = this.log
    if (!pace?.behind || !log) return undefined
    pace.refill(now)
    const starves = pace.starves(log.start, log.end, now)
    while (pace.hasBudget && pace.next < log.end) {
      const index = Math.max(pace.next, log.start)
      pace.next = index + 1
      this.#sendLive(index)
    }
    if (pace.next >= log.end) pace.level()
    return starves ? 'starved' : undefined
  }

  #goOnProbing(run: ProbeRun, now: number): void {
    const { transport } = this.peer
    const due = run.due(now)
    const wanted = (length: number) => run.takes(length)
    for (let looks = 0; looks < probedAtOnce; looks++) {
      if (transport.cluster !== run.cluster || run.isDone(transport.clusterBytes)) {
        this.#endProbe()
        return
      }
      if (transport.clusterBytes >= due) return
      if (!this.#stream.probe(run.next(), wanted) && !run.turn()) {
        this.#endProbe()
        return
      }
    }
  }

  #endProbe(): void {
    if (this.#probe) this.peer.transport.endCluster(this.#probe.cluster)
    this.#probe = undefined
  }
}
