import type { CarrierRecord, Registry } from '#control/registry.ts'

/** What the registry is told of a stream that this node has: only what has changed. */
export class CarrierNote {
  readonly #stream: string
  readonly #registry: Registry
  #written = ''

  constructor(stream: string, registry: Registry) {
    this.#stream = stream
    this.#registry = registry
  }

  write({ parent, depth, children }: Pick<CarrierRecord, 'parent' | 'depth' | 'children'>): void {
    const note = `${parent} ${depth} ${children}`
    if (note === this.#written) return
    this.#written = note
    this.#registry.carry({ stream: this.#stream, parent, depth, children })
  }

  /** The stream is here no more. */
  erase(): void {
    this.#written = ''
    this.#registry.drop(this.#stream)
  }
}
