/** An SPS or PPS this large is none of a live stream, and would not fit a packet. */
const maxSize = 1000

/** Real streams use one set of each kind; the bound is against hostile ones. */
const maxSets = 16

/**
 * The newest parameter sets of a stream, one of each kind and id, and whether its newest keyframe
 * came with them. What it came without has to be put before it.
 */
export class ParameterSets {
  readonly #kinds: readonly number[]
  readonly #sets: { readonly type: number; readonly id: number; nal: Buffer }[] = []
  /** RTP timestamp at which each kind was last seen. */
  readonly #seenAt = new Map<number, number>()
  #keyframeAt: number | undefined

  /** @param kinds NAL unit types of which a keyframe needs one each, in their order */
  constructor(kinds: readonly number[]) {
    this.#kinds = kinds
  }

  seen(type: number, timestamp: number): void {
    this.#seenAt.set(type, timestamp)
  }

  keyframe(timestamp: number): void {
    this.#keyframeAt = timestamp
  }

  /** Packets of one frame may come in any order, so this may turn true after the keyframe. */
  get completeAtKeyframe(): boolean {
    return (
      this.#keyframeAt !== undefined &&
      this.#kinds.every((kind) => this.#seenAt.get(kind) === this.#keyframeAt)
    )
  }

  /**
   * Keeps a copy of a NAL unit, in place of an older one of its type and id.
   *
   * @returns whether anything changed
   */
  store(type: number, id: number, nal: Buffer): boolean {
    const known = this.#sets.find((set) => set.type === type && set.id === id)
    if (nal.length > maxSize || known?.nal.equals(nal)) return false
    if (known) known.nal = Buffer.from(nal)
    else if (this.#sets.length < maxSets) this.#sets.push({ type, id, nal: Buffer.from(nal) })
    else return false
    this.#sets.sort((a, b) => a.type - b.type || a.id - b.id)
    return true
  }

  /** NAL units with their headers, by type and id. */
  get nals(): readonly Buffer[] {
    return this.#sets.map((set) => set.nal)
  }
}
