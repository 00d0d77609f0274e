import { distance, timestampDistance } from '#rtp/sequence.ts'
import { FrameWatch } from './frame-watch.ts'
import { LiveEdge } from './live-edge.ts'
import type { RestoredPacket } from './packet-counts.ts'
import type { StreamFigures } from './stream-figures.ts'

/** Numbers in view; a power of two. A repair that comes later has missed its picture long ago. */
const window = 4096
/** A jump of more packets is a restart of the sender, if the next one confirms it (§A.1). */
const maxDropout = 3000
/** Change of transit time, in ms, that is a jump of a clock and not jitter. */
const maxTransitChange = 5000

const seen = 1
const marked = 2

/** One packet as its header tells it. */
export interface SeenPacket {
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly marker: boolean
  /** Of the whole datagram. */
  readonly length: number
}

/**
 * What a packet was to its stream. `ignored`: from before the first one, older than the window,
 * or a jump that no second packet has confirmed.
 */
export type Verdict =
  | { readonly kind: 'new' | 'late' | 'duplicate' | 'ignored' }
  /** The first packet after a gap; `before` is the last number before it. */
  | { readonly kind: 'gap'; readonly before: number }

/**
 * Counts one RTP stream by its headers: loss, duplicates, jitter (RFC 3550 §A.1, §A.3, §A.8),
 * whole frames, freezes, and when a replay had caught up. `native/addon/load-counter.cc` is the
 * same in C++; one spec holds both to the same figures. Every `now` is monotonic ms.
 */
export class HeaderCounter {
  readonly ssrc: number
  readonly #kind: 'audio' | 'video'
  readonly #ticksPerMs: number
  readonly #flags = new Uint8Array(window)
  readonly #liveEdge: LiveEdge
  #frames: FrameWatch | undefined
  /** Numbers never wrap; those of the first cycle begin at 2^16. */
  #base = -1
  #highest = -1
  #restartAt = -1
  /** Since the sender last started over. */
  #received = 0
  #restored = 0
  #duplicates = 0
  #packets = 0
  #bytes = 0
  #lostBefore = 0
  #firstAt = 0
  #jitter = 0
  #previous: { timestamp: number; arrivedAt: number } | undefined

  /** @param clockRate ticks per second */
  constructor(ssrc: number, kind: 'audio' | 'video', clockRate: number) {
    this.ssrc = ssrc
    this.#kind = kind
    this.#ticksPerMs = clockRate / 1000
    this.#liveEdge = new LiveEdge(clockRate)
  }

  receive(packet: SeenPacket, now: number): Verdict {
    if (this.#base < 0) {
      this.#firstAt = now
      this.#begin(packet, now)
      return { kind: 'new' }
    }
    const step = distance(this.#highest & 0xffff, packet.sequenceNumber)
    if (Math.abs(step) > maxDropout) return this.#jump(packet, now)
    this.#restartAt = -1
    if (step > 0) return this.#advance(this.#highest + step, packet, now)
    const sequence = this.#highest + step
    if (!this.#isInView(sequence)) return { kind: 'ignored' }
    if (this.has(sequence)) {
      this.#duplicates++
      return { kind: 'duplicate' }
    }
    this.#store(sequence, packet)
    this.#received++
    this.#frames?.walk(now)
    return { kind: 'late' }
  }

  /** A packet of this stream came by RTX. @returns whether it was missing */
  restore(packet: RestoredPacket, now: number): boolean {
    if (this.#base < 0) return false
    const step = distance(this.#highest & 0xffff, packet.sequenceNumber)
    const sequence = this.#highest + step
    if (step > 0 || !this.#isInView(sequence) || this.has(sequence)) return false
    this.#store(sequence, packet)
    this.#restored++
    this.#frames?.walk(now)
    return true
  }

  figures(now: number): StreamFigures {
    const expected = this.#base < 0 ? 0 : this.#highest - this.#base + 1
    return {
      ssrc: this.ssrc,
      kind: this.#kind,
      packets: this.#packets,
      bytes: this.#bytes,
      lost: this.#lostBefore + expected - this.#received - this.#restored,
      duplicates: this.#duplicates,
      expected,
      received: this.#received + this.#duplicates,
      highestSequence: this.#highest - 0x10000,
      jitter: this.#jitter,
      ticksPerMs: this.#ticksPerMs,
      ...(this.#frames?.figures(now) ?? noFrames),
      firstAt: this.#firstAt,
      liveAt: this.#liveEdge.liveAt,
    }
  }

  /** For the frames: the newest number, how many are in view, and what is known of each. */
  get highest(): number {
    return this.#highest
  }

  get size(): number {
    return window
  }

  has(sequence: number): boolean {
    return this.#flags[sequence % window] !== 0
  }

  isMarker(sequence: number): boolean {
    return (this.#flags[sequence % window]! & marked) !== 0
  }

  #begin(packet: SeenPacket, now: number): void {
    this.#base = packet.sequenceNumber + 0x10000
    this.#highest = this.#base
    if (this.#kind === 'video') this.#frames ??= new FrameWatch(this, this.#base)
    this.#received = 1
    this.#store(this.#base, packet)
    this.#measure(packet, now)
  }

  #jump(packet: SeenPacket, now: number): Verdict {
    if (packet.sequenceNumber !== this.#restartAt) {
      this.#restartAt = (packet.sequenceNumber + 1) & 0xffff
      return { kind: 'ignored' }
    }
    this.#restartAt = -1
    this.#lostBefore += this.#highest - this.#base + 1 - this.#received - this.#restored
    this.#restored = 0
    this.#flags.fill(0)
    this.#previous = undefined
    this.#frames?.restart(packet.sequenceNumber + 0x10000)
    this.#begin(packet, now)
    return { kind: 'new' }
  }

  #advance(sequence: number, packet: SeenPacket, now: number): Verdict {
    const before = this.#highest
    for (let passed = before + 1; passed <= sequence; passed++) this.#flags[passed % window] = 0
    const hasGap = sequence - before > 1
    if (hasGap) this.#frames?.gapBefore(sequence, now)
    this.#highest = sequence
    this.#received++
    this.#store(sequence, packet)
    this.#measure(packet, now)
    return hasGap ? { kind: 'gap', before: before & 0xffff } : { kind: 'new' }
  }

  #isInView(sequence: number): boolean {
    return sequence >= this.#base && this.#highest - sequence < window
  }

  #store(sequence: number, packet: { readonly marker: boolean; readonly length: number }): void {
    this.#flags[sequence % window] = packet.marker ? seen | marked : seen
    this.#packets++
    this.#bytes += packet.length
  }

  #measure({ timestamp }: SeenPacket, now: number): void {
    this.#measureJitter(timestamp, now)
    this.#liveEdge.receive(timestamp, now)
    this.#frames?.walk(now)
  }

  // Of packets in order only: one that is late was not delayed by the network's queue alone.
  #measureJitter(timestamp: number, now: number): void {
    const previous = this.#previous
    this.#previous = { timestamp, arrivedAt: now }
    if (!previous) return
    const sent = timestampDistance(previous.timestamp, timestamp)
    const difference = Math.abs((now - previous.arrivedAt) * this.#ticksPerMs - sent)
    if (difference <= maxTransitChange * this.#ticksPerMs) {
      this.#jitter += (difference - this.#jitter) / 16
    }
  }
}

const noFrames = {
  frames: 0,
  wholeFrames: 0,
  freezes: 0,
  longestFreeze: 0,
  frozen: 0,
  wholeAt: undefined,
}
