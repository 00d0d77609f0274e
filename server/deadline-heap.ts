interface Entry<T> {
  readonly item: T
  due: number
  /** Where it stands in the heap. */
  place: number
}

/**
 * Items by deadline, the earliest on top: a binary heap in which each item stands once and can
 * be moved, so that it holds no more than there are items.
 */
export class DeadlineHeap<T> {
  readonly #heap: Entry<T>[] = []
  readonly #entries = new Map<T, Entry<T>>()

  get size(): number {
    return this.#heap.length
  }

  /** `Infinity` while it is empty. */
  get earliest(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY
  }

  /** The item whose deadline is the earliest. */
  get top(): T | undefined {
    return this.#heap[0]?.item
  }

  has(item: T): boolean {
    return this.#entries.has(item)
  }

  /** Adds the item, or moves it. */
  set(item: T, due: number): void {
    let entry = this.#entries.get(item)
    if (!entry) {
      entry = { item, due, place: this.#heap.length }
      this.#entries.set(item, entry)
      this.#heap.push(entry)
    }
    entry.due = due
    this.#settle(entry)
  }

  delete(item: T): void {
    const entry = this.#entries.get(item)
    if (!entry) return
    this.#entries.delete(item)
    const last = this.#heap.pop()!
    if (last === entry) return
    this.#put(last, entry.place)
    this.#settle(last)
  }

  #settle(entry: Entry<T>): void {
    this.#rise(entry)
    this.#sink(entry)
  }

  #rise(entry: Entry<T>): void {
    while (entry.place > 0) {
      const parent = this.#heap[(entry.place - 1) >> 1]!
      if (parent.due <= entry.due) return
      this.#swap(parent, entry)
    }
  }

  #sink(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1]
      const right = this.#heap[2 * entry.place + 2]
      const child = right && left && right.due < left.due ? right : left
      if (!child || child.due >= entry.due) return
      this.#swap(entry, child)
    }
  }

  #swap(upper: Entry<T>, lower: Entry<T>): void {
    const { place } = upper
    this.#put(upper, lower.place)
    this.#put(lower, place)
  }

  #put(entry: Entry<T>, place: number): void {
    entry.place = place
    this.#heap[place] = entry
  }
}
