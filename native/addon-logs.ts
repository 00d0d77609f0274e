import type { MediaBinding, PlaneHandle } from './addon-binding.ts'
import type { AddonSlabs } from './addon-slabs.ts'
import type { LogId } from './media-plane.ts'
import type { PacketPlace, PacketStore } from './packet-store.ts'

/** Packets passed by one call at most. */
const batchSize = 256

/** Tells the shards what the packet logs of this node hold: they keep mirrors of them. */
export class AddonLogs {
  readonly #binding: MediaBinding
  readonly #handle: PlaneHandle
  readonly #slabs: AddonSlabs
  readonly #logs = new Map<LogId, { readonly store: PacketStore; start: number }>()
  readonly #place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  readonly #indices = new Float64Array(batchSize)
  readonly #slabIds = new Uint32Array(batchSize)
  readonly #offsets = new Uint32Array(batchSize)
  readonly #lengths = new Uint32Array(batchSize)
  #count = 0

  constructor(binding: MediaBinding, handle: PlaneHandle, slabs: AddonSlabs) {
    this.#binding = binding
    this.#handle = handle
    this.#slabs = slabs
  }

  /** What the store holds already is there for replays. */
  open(log: LogId, store: PacketStore): void {
    this.#binding.openLog(this.#handle, log)
    this.#logs.set(log, { store, start: store.start })
    for (let index = store.start; index < store.end; index++) this.#add(log, store, index)
    this.#pass(log)
  }

  close(log: LogId): void {
    if (this.#logs.delete(log)) this.#binding.closeLog(this.#handle, log)
  }

  has(log: LogId): boolean {
    return this.#logs.has(log)
  }

  deliver(log: LogId, indices: Float64Array, count: number): void {
    const known = this.#logs.get(log)
    if (!known) return
    for (let i = 0; i < count; i++) this.#add(log, known.store, indices[i]!)
    this.#pass(log)
    const { start } = known.store
    if (start <= known.start) return
    known.start = start
    this.#binding.dropBefore(this.#handle, log, start)
  }

  #add(log: LogId, store: PacketStore, index: number): void {
    const place = this.#place
    if (!store.locate(index, place)) return
    const slab = this.#slabs.idOf(place.bytes)
    if (slab === undefined) {
      // In the order of the calls, also among packets that need no copy.
      this.#pass(log)
      const packet = place.bytes.subarray(place.offset, place.offset + place.length)
      this.#binding.appendCopy(this.#handle, log, index, packet)
      return
    }
    if (this.#count === batchSize) this.#pass(log)
    const at = this.#count++
    this.#indices[at] = index
    this.#slabIds[at] = slab
    this.#offsets[at] = place.offset
    this.#lengths[at] = place.length
  }

  #pass(log: LogId): void {
    if (this.#count === 0) return
    this.#binding.append(
      this.#handle,
      log,
      this.#count,
      this.#indices,
      this.#slabIds,
      this.#offsets,
      this.#lengths,
    )
    this.#count = 0
  }
}
