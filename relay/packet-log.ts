import type { PacketPlace, PacketStore } from '#native/packet-store.ts'
import type { Slab } from '#native/slab.ts'

export interface PacketLogLimits {
  /** Kept even when no keyframe needs it, in ms: what NACKs and laggards may ask for. */
  readonly minimumAge: number
  /** Nothing older is kept, keyframe or not, in ms. */
  readonly maximumAge: number
  readonly maximumBytes: number
}

/** Where a packet lies; lengths and offsets in bytes. Borrowed: the slab is the log's. */
export interface StoredPacket {
  readonly slab: Slab
  readonly offset: number
  readonly length: number
}

/** DESIGN §4. */
export const packetLogLimits: PacketLogLimits = {
  minimumAge: 2_000,
  maximumAge: 20_000,
  maximumBytes: 64 * 1024 * 1024,
}

const initialCapacity = 1024
/**
 * Farther apart than this, two packets cannot be of one log: 64 MiB of packets of 512 bytes. Numbers
 * cost a publisher nothing, but each takes 22 bytes of the ring, and a replay walks over the holes.
 */
const maximumSpan = 1 << 17

/**
 * The recent RTP packets of one layer, the one place where media is kept (DESIGN §4). A packet
 * lies at its ingest index for good; a lost one is a hole that a repair may fill late.
 *
 * Holds everything since the newest keyframe, and at least `minimumAge`. Past the limits it
 * gives up that keyframe: then there is no replay until the next one, and `capped` says so.
 */
export class PacketLog implements PacketStore {
  readonly #limits: PacketLogLimits
  // A ring by index. A length of 0 is a hole, and so is all outside of start and end: no RTP packet
  // is that short.
  #slabs: (Slab | undefined)[] = new Array<undefined>(initialCapacity).fill(undefined)
  #offsets = new Uint32Array(initialCapacity)
  #lengths = new Uint16Array(initialCapacity)
  #arrivals = new Float64Array(initialCapacity)
  #start = 0
  #end = 0
  #bytes = 0
  #keyframe: number | undefined
  /** RTP time of the frame last told of. */
  #toldOf: number | undefined
  #capped = false
  #hasDropped = false

  constructor(limits = packetLogLimits) {
    this.#limits = limits
  }

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#end
  }

  /** Bytes of the packets held. */
  get bytes(): number {
    return this.#bytes
  }

  /** Index of the first packet of the newest keyframe, while that is held. */
  get keyframe(): number | undefined {
    return this.#keyframe
  }

  /** Whether a keyframe had to be given up and none has come since. */
  get capped(): boolean {
    return this.#capped
  }

  /**
   * Ms since the newest keyframe: since its first packet arrived, or by the RTP time that has passed
   * since, where it was copied from another log, long after it was made.
   *
   * @param clockRate RTP ticks per second
   */
  keyframeAge(now: number, clockRate: number): number | undefined {
    const first = this.#keyframe
    if (first === undefined) return undefined
    const newest = this.#end - 1
    const ticks = ((this.#timestamp(newest) ?? 0) - (this.#timestamp(first) ?? 0)) | 0
    const sinceNewest = now - this.#arrivals[this.#at(newest)]!
    const made = Math.min((ticks * 1000) / clockRate, this.#limits.maximumAge) + sinceNewest
    return Math.max(now - this.#arrivals[this.#at(first)]!, made)
  }

  /** Bytes from `index` to the end: what a replay from there has to send. */
  bytesFrom(index: number): number {
    let bytes = 0
    for (let i = Math.max(index, this.#start); i < this.#end; i++)
      bytes += this.#lengths[this.#at(i)]!
    return bytes
  }

  /**
   * Stores a packet and keeps its slab. Drops what the limits no longer allow.
   *
   * @param now monotonic ms of its arrival
   * @returns false for a packet already held and for one too old to be of use
   */
  append(index: number, slab: Slab, offset: number, length: number, now: number): boolean {
    if (this.#end === this.#start) this.#start = this.#end = index
    // The start may come late: of a copy at full speed a lost packet is a thousand behind.
    if (index < this.#start && !this.#extendDown(index)) return false
    if (index - this.#start >= maximumSpan) this.#dropBefore(index)
    while (index - this.#start >= this.#lengths.length) this.#grow()
    const at = this.#at(index)
    if (index < this.#end && this.#lengths[at] !== 0) return false
    slab.retain()
    this.#slabs[at] = slab
    this.#offsets[at] = offset
    this.#lengths[at] = length
    this.#arrivals[at] = now
    this.#bytes += length
    this.#end = Math.max(this.#end, index + 1)
    this.#extendKeyframe(index)
    this.#evict(now)
    return true
  }

  /**
   * The stored packet at `index` shows that its frame is a keyframe. The frame starts with the
   * first packet of its timestamp: delimiter and parameter sets come before the slice.
   *
   * @returns true if this is news: a frame's further slices are not, behind a lost packet neither
   */
  markKeyframe(index: number): boolean {
    // Before the walk to the frame's start: nobody says how many slices a frame may have.
    const timestamp = this.#timestamp(index)
    if (timestamp === this.#toldOf) return false
    if (this.#keyframe !== undefined && index <= this.#keyframe) return false
    this.#keyframe = this.#firstOfFrame(index)
    this.#toldOf = timestamp
    this.#capped = false
    return true
  }

  locate(index: number, place: PacketPlace): boolean {
    if (index < this.#start || index >= this.#end) return false
    const at = this.#at(index)
    if (this.#lengths[at] === 0) return false
    place.bytes = this.#slabs[at]!.bytes
    place.offset = this.#offsets[at]!
    place.length = this.#lengths[at]!
    return true
  }

  /** The stored packet at `index`, and the memory that holds it. */
  find(index: number): StoredPacket | undefined {
    if (index < this.#start || index >= this.#end) return undefined
    const at = this.#at(index)
    const length = this.#lengths[at]!
    return length === 0 ? undefined : { slab: this.#slabs[at]!, offset: this.#offsets[at]!, length }
  }

  /** The first index from there on that is held, or the end. */
  heldFrom(index: number): number {
    const from = Math.max(index, this.#start)
    const isHole = from < this.#end && this.#lengths[this.#at(from)] === 0
    return isHole ? this.#pastHoles(from) : Math.min(from, this.#end)
  }

  /** Bytes of the newest keyframe as far as it has come; 0 without one. */
  get keyframeBytes(): number {
    const first = this.#keyframe
    if (first === undefined) return 0
    const timestamp = this.#timestamp(first)
    let bytes = 0
    for (let i = first; i < this.#end && (this.#timestamp(i) ?? timestamp) === timestamp; i++) {
      bytes += this.#lengths[this.#at(i)]!
    }
    return bytes
  }

  /** Lets go of all packets. */
  clear(): void {
    this.#dropBefore(this.#end)
    this.#keyframe = undefined
    this.#toldOf = undefined
  }

  #at(index: number): number {
    return index % this.#lengths.length
  }

  // Only while nothing was dropped: an index that comes back would be sent again, maybe with other
  // bytes, and no viewer's SRTP index may stand for two packets (RFC 7714 §8.4).
  #extendDown(index: number): boolean {
    if (this.#hasDropped || this.#end - index >= maximumSpan) return false
    while (this.#end - index >= this.#lengths.length) this.#grow()
    this.#start = index
    return true
  }

  // A reordered delimiter or parameter set belongs to the keyframe that it comes before.
  #extendKeyframe(index: number): void {
    if (this.#keyframe !== index + 1) return
    if (this.#timestamp(index) === this.#timestamp(index + 1)) {
      this.#keyframe = this.#firstOfFrame(index)
    }
  }

  #firstOfFrame(index: number): number {
    const timestamp = this.#timestamp(index)
    let first = index
    while (first > this.#start && this.#timestamp(first - 1) === timestamp) first--
    return first
  }

  #timestamp(index: number): number | undefined {
    const at = this.#at(index)
    if (this.#lengths[at] === 0) return undefined
    return this.#slabs[at]!.bytes.readUInt32BE(this.#offsets[at]! + 4)
  }

  #evict(now: number): void {
    while (this.#start < this.#end - 1 && !this.#keeps(this.#start, now)) {
      this.#dropBefore(this.#pastHoles(this.#start + 1))
    }
  }

  // A packet may bring 2^15 holes with it: they are walked over, not looked at one by one.
  #pastHoles(from: number): number {
    const lengths = this.#lengths
    const last = this.#end - 1
    let index = from
    for (let at = this.#at(index); index < last && lengths[at] === 0; index++) {
      if (++at === lengths.length) at = 0
    }
    return index
  }

  #keeps(index: number, now: number): boolean {
    const at = this.#at(index)
    if (this.#lengths[at] === 0) return false
    const { minimumAge, maximumAge, maximumBytes } = this.#limits
    const age = now - this.#arrivals[at]!
    if (age > maximumAge || this.#bytes > maximumBytes) return false
    return age <= minimumAge || (this.#keyframe !== undefined && index >= this.#keyframe)
  }

  #dropBefore(index: number): void {
    const lengths = this.#lengths
    const held = Math.min(index, this.#end) - this.#start
    for (let at = this.#at(this.#start), i = 0; i < held; i++) {
      if (lengths[at] !== 0) {
        this.#bytes -= lengths[at]!
        lengths[at] = 0
        this.#slabs[at]!.release()
        this.#slabs[at] = undefined
      }
      if (++at === lengths.length) at = 0
    }
    this.#start = Math.max(this.#start, index)
    this.#end = Math.max(this.#end, index)
    this.#hasDropped = true
    if (this.#keyframe === undefined || this.#keyframe >= this.#start) return
    this.#keyframe = undefined
    this.#capped = true
  }

  #grow(): void {
    const old = {
      slabs: this.#slabs,
      offsets: this.#offsets,
      lengths: this.#lengths,
      arrivals: this.#arrivals,
    }
    const oldCapacity = old.lengths.length
    const capacity = oldCapacity * 2
    this.#slabs = new Array<undefined>(capacity).fill(undefined)
    this.#offsets = new Uint32Array(capacity)
    this.#lengths = new Uint16Array(capacity)
    this.#arrivals = new Float64Array(capacity)
    for (let index = this.#start; index < this.#end; index++) {
      const from = index % oldCapacity
      const to = index % capacity
      this.#slabs[to] = old.slabs[from]
      this.#offsets[to] = old.offsets[from]!
      this.#lengths[to] = old.lengths[from]!
      this.#arrivals[to] = old.arrivals[from]!
    }
  }
}
