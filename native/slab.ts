/** Bytes of one slab: small enough that a forgotten reader pins little, far over a packet. */
export const slabSize = 256 * 1024

/** Where a slab goes when nobody holds it any longer. */
export interface SlabHome {
  give(slab: Slab): void
}

/**
 * A reference-counted block of packet memory. Whoever keeps a packet past the call that
 * announced it holds a reference; the block returns to its pool with the last one.
 */
export class Slab {
  readonly bytes: Buffer
  readonly #home: SlabHome
  #references = 0
  #retentions = 0

  /** @param bytes `slabSize` of them */
  constructor(bytes: Buffer, home: SlabHome) {
    this.bytes = bytes
    this.#home = home
  }

  get references(): number {
    return this.#references
  }

  /** Times it was retained, ever: tells whether somebody kept what was announced. */
  get retentions(): number {
    return this.#retentions
  }

  retain(): void {
    this.#references++
    this.#retentions++
  }

  release(): void {
    if (--this.#references === 0) this.#home.give(this)
  }
}

/** Free slabs, kept for reuse up to a bound: allocation is not for the live path. */
export class SlabPool implements SlabHome {
  readonly #free: Slab[] = []
  readonly #keep: number

  /** @param keep how many free slabs to hold on to; more are left to the garbage collector */
  constructor(keep = 64) {
    this.#keep = keep
  }

  /** A slab with one reference, the caller's. */
  take(): Slab {
    const slab = this.#free.pop() ?? new Slab(Buffer.allocUnsafeSlow(slabSize), this)
    slab.retain()
    return slab
  }

  give(slab: Slab): void {
    if (this.#free.length < this.#keep) this.#free.push(slab)
  }
}
