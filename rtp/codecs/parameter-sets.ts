/** An SPS or PPS this large is no parameter set of a live stream, and would not fit a packet. */
const maxSize = 1000

/** Real streams use one set of each kind; the bound is against hostile ones. */
const maxSets = 16

/**
 * The newest parameter sets of a stream, one of each kind and id, as whole NAL units: what has
 * to go before a keyframe that came without them.
 */
export class ParameterSets {
  readonly #sets: { readonly order: number; nal: Buffer }[] = []

  /**
   * Keeps a copy of the NAL unit in `start`…`end`.
   *
   * @param order kind and id in one number: it replaces an older set, and sorts the sets
   * @returns whether anything changed
   */
  store(order: number, bytes: Buffer, start: number, end: number): boolean {
    if (end - start > maxSize) return false
    const known = this.#sets.find((set) => set.order === order)
    if (known) {
      if (known.nal.compare(bytes, start, end) === 0) return false
      known.nal = Buffer.from(bytes.subarray(start, end))
      return true
    }
    if (this.#sets.length >= maxSets) return false
    this.#sets.push({ order, nal: Buffer.from(bytes.subarray(start, end)) })
    this.#sets.sort((a, b) => a.order - b.order)
    return true
  }

  /** NAL units with their headers, VPS before SPS before PPS, by id. */
  get nals(): readonly Buffer[] {
    return this.#sets.map((set) => set.nal)
  }
}
