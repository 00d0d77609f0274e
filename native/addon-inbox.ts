import type { AddonSlabs } from './addon-slabs.ts'
import type { MediaPlaneListener, PeerId } from './media-plane.ts'
import type { Slab } from './slab.ts'

/** Kinds of records, as in `native/addon/inbox.cc`. */
const kinds = { media: 1, control: 2, rtcp: 3, track: 4, congestion: 5 } as const
const headerSize = 16
/** Packets of one peer announced together at most. */
const batchSize = 256

/** Ends of the tracks' events, in the order of `TrackEvent` in `native/addon/inbox.h`. */
const trackEvents = ['started', 'caughtUp', 'starved'] as const

/**
 * Reads what the addon's threads have to tell, and tells the listener. Records are little-endian,
 * padded to 8 bytes, and begin with kind, size, id and length of the body.
 */
export class AddonInbox {
  /** What is told in one turn of the event loop: some ms of work. */
  readonly bytes = Buffer.alloc(256 * 1024)
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  readonly #listener: MediaPlaneListener
  readonly #slabs: AddonSlabs
  readonly #clockOffset: number
  // One batch at a time, filled anew for each.
  readonly #offsets = new Uint32Array(batchSize)
  readonly #lengths = new Uint16Array(batchSize)
  readonly #arrivedAt = new Float64Array(batchSize)
  readonly #indices = new Float64Array(batchSize)
  #peer: PeerId = 0
  #slab: Slab | undefined
  #count = 0
  /** Held until all has been told: a later record may lie in a slab nobody has kept so far. */
  readonly #held = new Set<Slab>()

  /** @param clockOffset ms of CLOCK_MONOTONIC minus those of `performance.now` */
  constructor(listener: MediaPlaneListener, slabs: AddonSlabs, clockOffset: number) {
    this.#listener = listener
    this.#slabs = slabs
    this.#clockOffset = clockOffset
  }

  /** @param length bytes of records in `bytes` */
  tell(length: number): void {
    // First of all, or telling of one packet might free the slab of the next.
    this.#holdSlabs(length)
    for (let at = 0; at < length; at += this.#view.getUint32(at + 4, true)) {
      const kind = this.#view.getUint32(at, true)
      if (kind === kinds.media) {
        this.#collect(at)
        continue
      }
      this.#flush()
      this.#tellOther(kind, at)
    }
    this.#flush()
    for (const slab of this.#held) slab.release()
    this.#held.clear()
  }

  #holdSlabs(length: number): void {
    const view = this.#view
    for (let at = 0; at < length; at += view.getUint32(at + 4, true)) {
      if (view.getUint32(at, true) !== kinds.media) continue
      const slab = this.#slabs.get(view.getUint32(at + headerSize, true))
      if (this.#held.has(slab)) continue
      slab.retain()
      this.#held.add(slab)
    }
  }

  #collect(at: number): void {
    const view = this.#view
    const peer = view.getUint32(at + 8, true)
    const slab = this.#slabs.get(view.getUint32(at + 16, true))
    const continues = peer === this.#peer && slab === this.#slab && this.#count < batchSize
    if (!continues) this.#flush()
    this.#peer = peer
    this.#slab = slab
    const place = this.#count++
    this.#lengths[place] = view.getUint32(at + 12, true)
    this.#offsets[place] = view.getUint32(at + 20, true)
    this.#arrivedAt[place] = view.getFloat64(at + 24, true) - this.#clockOffset
    const index = view.getFloat64(at + 32, true)
    this.#indices[place] = index < 0 ? Number.NaN : index
  }

  #flush(): void {
    if (this.#count === 0) return
    const count = this.#count
    this.#count = 0
    this.#listener.media(this.#peer, {
      count,
      slab: this.#slab!,
      offsets: this.#offsets,
      lengths: this.#lengths,
      arrivedAt: this.#arrivedAt,
      indices: this.#indices,
    })
  }

  #tellOther(kind: number, at: number): void {
    const id = this.#view.getUint32(at + 8, true)
    const body = at + headerSize
    const end = body + this.#view.getUint32(at + 12, true)
    if (kind === kinds.control) this.#tellControl(body, end)
    else if (kind === kinds.rtcp) this.#listener.rtcp(id, this.bytes.subarray(body, end))
    else if (kind === kinds.congestion) {
      this.#listener.congested(id, this.#view.getUint32(body, true) === 1)
    } else this.#listener[trackEvents[this.#view.getUint32(body, true)]!](id)
  }

  #tellControl(body: number, end: number): void {
    const { bytes } = this
    const remote = body + 8
    const local = remote + bytes[body + 1]!
    const datagram = local + bytes[body + 2]!
    this.#listener.control(bytes.subarray(datagram, end), {
      transport: bytes[body + 3] === 1 ? 'tcp' : 'udp',
      family: bytes[body] === 6 ? 6 : 4,
      remoteAddress: bytes.toString('latin1', remote, local),
      remotePort: this.#view.getUint16(body + 4, true),
      localAddress: bytes.toString('latin1', local, datagram),
    })
  }
}
