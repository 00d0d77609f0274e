import type { Percentiles } from './percentiles.ts'

/** Each bucket is 2 % wider than the one before. */
const growth = 1.02
/** Values up to this are one bucket. */
const least = 0.01
/** 0.01 to 100,000: from 10 µs to 100 s, in ms. */
const buckets = Math.ceil(Math.log(1e7) / Math.log(growth)) + 1

/**
 * Very many values in little memory: percentiles are good to 2 %, smallest and largest exact. A
 * value below 0.01 counts as the smallest one there is room for.
 */
export class Histogram {
  readonly #counts = new Uint32Array(buckets)
  #count = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  add(value: number): void {
    this.#counts[bucketOf(value)]!++
    this.#count++
    this.#min = Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
  }

  /** Takes over what another one holds. */
  merge(other: Histogram): void {
    for (let i = 0; i < buckets; i++) this.#counts[i]! += other.#counts[i]!
    this.#count += other.#count
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
  }

  /** The smallest value; `Infinity` when there is none. */
  get min(): number {
    return this.#min
  }

  /** By nearest rank, as `percentiles`; undefined when nothing was added. */
  get percentiles(): Percentiles | undefined {
    if (this.#count === 0) return undefined
    const rank = (share: number) => this.#valueAt(Math.ceil(share * this.#count))
    return { count: this.#count, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: this.#max }
  }

  #valueAt(rank: number): number {
    let passed = 0
    for (let i = 0; i < buckets; i++) {
      passed += this.#counts[i]!
      if (passed >= rank) return Math.min(Math.max(middleOf(i), this.#min), this.#max)
    }
    return this.#max
  }
}

function bucketOf(value: number): number {
  if (value <= least) return 0
  return Math.min(buckets - 1, Math.ceil(Math.log(value / least) / Math.log(growth)))
}

/** The middle of a bucket. */
function middleOf(bucket: number): number {
  return bucket === 0 ? least : least * growth ** (bucket - 0.5)
}
