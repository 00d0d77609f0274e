import { join } from 'node:path'
import { BaseSequencer, type TestSpecification, type Vitest } from 'vitest/node'

/**
 * Begins with the files of a list, in its order: what takes longest must not come last, alone.
 * Vitest knows how long a file took where it ran before, and on a fresh machine goes by its size.
 */
export function listedFirst(files: readonly string[]) {
  return class extends BaseSequencer {
    readonly #places: ReadonlyMap<string, number>

    constructor(vitest: Vitest) {
      super(vitest)
      const { root } = vitest.config
      this.#places = new Map(files.map((file, place) => [join(root, file), place]))
    }

    override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
      const sorted = await super.sort(specifications)
      return sorted.toSorted((one, other) => this.#placeOf(one) - this.#placeOf(other))
    }

    #placeOf({ moduleId }: TestSpecification): number {
      return this.#places.get(moduleId) ?? files.length
    }
  }
}
