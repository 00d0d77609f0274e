const bucketMs = 100

/** Buckets of a second, and the one being filled. */
const bucketCount = 11

/**
 * Bitrate over about the last second, in buckets of 100 ms: nothing is kept per packet, and the
 * figure falls to zero by itself when packets stop. Every `now` is monotonic milliseconds.
 */
export class RateMeter {
  readonly #buckets = new Float64Array(bucketCount)
  #startedAt: number | undefined
  /** Number of the newest bucket, since the clock's origin. */
  #newest = 0

  add(bytes: number, now: number): void {
    this.#startedAt ??= now
    this.#advance(now)
    this.#buckets[this.#newest % bucketCount]! += bytes
  }

  /** Over the last second, or since the first packet while that is shorter, but 100 ms at least. */
  bitsPerSecond(now: number): number {
    if (this.#startedAt === undefined) return 0
    this.#advance(now)
    let bytes = 0
    for (const bucket of this.#buckets) bytes += bucket
    const windowStart = (this.#newest - bucketCount + 1) * bucketMs
    const span = Math.max(now - Math.max(windowStart, this.#startedAt), bucketMs)
    return (bytes * 8 * 1000) / span
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / bucketMs)
    if (bucket - this.#newest >= bucketCount) this.#buckets.fill(0)
    else {
      for (let next = this.#newest + 1; next <= bucket; next++) {
        this.#buckets[next % bucketCount] = 0
      }
    }
    this.#newest = Math.max(this.#newest, bucket)
  }
}
