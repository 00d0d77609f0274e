import type { MediaBinding, PlaneHandle } from './addon-binding.ts'
import { Slab, type SlabHome } from './slab.ts'

/**
 * The addon's slabs as JavaScript knows them: one object for each, as long as the plane lives. All
 * of JavaScript's references to a slab are one reference to the addon.
 */
export class AddonSlabs implements SlabHome {
  readonly #binding: MediaBinding
  readonly #handle: PlaneHandle
  readonly #slabs: Slab[] = []
  readonly #ids = new WeakMap<Buffer, number>()
  readonly #places = new WeakMap<Slab, number>()

  constructor(binding: MediaBinding, handle: PlaneHandle) {
    this.#binding = binding
    this.#handle = handle
  }

  get(id: number): Slab {
    const known = this.#slabs[id]
    if (known) return known
    const bytes = Buffer.from(this.#binding.slabMemory(this.#handle, id))
    const slab = new Slab(bytes, this)
    this.#slabs[id] = slab
    this.#ids.set(bytes, id)
    this.#places.set(slab, id)
    return slab
  }

  /** The id of the slab with that memory; undefined for bytes from elsewhere. */
  idOf(bytes: Buffer): number | undefined {
    return this.#ids.get(bytes)
  }

  give(slab: Slab): void {
    this.#binding.releaseSlab(this.#handle, this.#places.get(slab)!)
  }
}
