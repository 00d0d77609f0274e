/** What labels past the bound are counted under. */
const rest = 'other'

/** Values of one label, at most `limit` different ones: each makes a time series for ever. */
export class BoundedLabels {
  readonly #limit: number
  readonly #known = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns the value itself while there is room, else "other" */
  of(value: string): string {
    if (this.#known.size < this.#limit) this.#known.add(value)
    return this.#known.has(value) ? value : rest
  }
}
