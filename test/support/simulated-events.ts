/** What is to happen, in order of time; of the same moment, in order of being planned. */
export class SimulatedEvents {
  now = 0
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = []
  #planned = 0

  /** @param delay ms from now */
  after(delay: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ at: this.now + delay, order: this.#planned++, run })
    let child = heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#before(child, parent)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  /** @param time ms */
  runTo(time: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= time) {
      const { at, run } = this.#takeFirst()
      this.now = at
      run()
    }
    this.now = time
  }

  #takeFirst(): { readonly at: number; readonly run: () => void } {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    heap[0] = last
    let parent = 0
    for (;;) {
      let least = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.#before(child, least)) least = child
      }
      if (least === parent) return first
      this.#swap(least, parent)
      parent = least
    }
  }

  #before(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one]!, this.#heap[other]!]
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one]!
    this.#heap[one] = this.#heap[other]!
    this.#heap[other] = kept
  }
}

/** Chance that a seed repeats (mulberry32). @returns 0 to just below 1 */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
