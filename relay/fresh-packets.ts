import type { LogId, MediaPlane } from '#native/media-plane.ts'

/** Packets told to the plane per call at most. */
const batchSize = 128

/** What a log has got since the plane was told: by index, many in one call. */
export class FreshPackets {
  readonly #plane: MediaPlane
  readonly #log: LogId
  readonly #indices = new Float64Array(batchSize)
  #count = 0

  constructor(plane: MediaPlane, log: LogId) {
    this.#plane = plane
    this.#log = log
  }

  add(index: number): void {
    if (this.#count === batchSize) this.deliver()
    this.#indices[this.#count++] = index
  }

  /** Also when there are none: what the log has let go of since, the plane need not hold. */
  deliver(): void {
    this.#plane.deliver(this.#log, this.#indices, this.#count)
    this.#count = 0
  }
}
