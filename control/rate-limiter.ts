import { ServiceError } from '#core/errors.ts'
import { networkOf } from '#core/network.ts'

export interface RateLimit {
  /** Requests a second that may be made for ever. */
  readonly perSecond: number
  /** Requests that may be made at once after a rest. */
  readonly burst: number
}

/**
 * High enough for a load tool with thousands of viewers at one address; low enough that one
 * address alone cannot keep a core busy with handshakes (2 ms each).
 */
const defaultRateLimit: RateLimit = { perSecond: 200, burst: 2000 }

/** Between two publications of a stream with one key: more is a client in a loop (SEC-20). */
export const publishRateLimit: RateLimit = { perSecond: 1, burst: 20 }

/** A player asks eight times a second, and many may be behind one address. */
export const hlsRateLimit: RateLimit = { perSecond: 2000, burst: 10_000 }

/** A client that sends each candidate by itself has some twenty at once (SEC-20). */
export const patchRateLimit: RateLimit = { perSecond: 10, burst: 50 }

/** A choice of layer may begin a replay, and nobody chooses faster for long. */
export const layerRateLimit: RateLimit = { perSecond: 1, burst: 20 }

/** What shares a bucket, as the refusal names it. */
export type RateSubject = 'from this address' | 'with this key' | 'for this session'

/** Addresses, keys or sessions remembered; beyond it the one unseen for longest starts afresh. */
const capacity = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * A token bucket per remote address, key or session (RFC 9725 §5, SEC-20).
 *
 * Sans-IO; `now` is monotonic ms. Addresses of one network share a bucket.
 */
export class RateLimiter {
  readonly #limit: RateLimit
  readonly #subject: RateSubject
  // In the order of last use: a Map keeps insertion order, and every use inserts anew.
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit = defaultRateLimit, subject: RateSubject = 'from this address') {
    this.#limit = limit
    this.#subject = subject
  }

  /**
   * Counts one request, or one that costs as much as several: then it may overdraw, and who comes
   * next waits. Returns 0 if it may go on, else ms until the next one may.
   */
  take(subject: string, now: number, cost = 1): number {
    const { perSecond, burst } = this.#limit
    const key = this.#subject === 'from this address' ? networkOf(subject) : subject
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) * perSecond) / 1000)
    bucket.filledAt = now
    this.#remember(key, bucket)
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / perSecond
    bucket.tokens -= cost
    return 0
  }

  /** Counts one request. @throws ServiceError `rate-limited` when it is one too many */
  admit(subject: string, now: number, cost = 1): void {
    const wait = this.take(subject, now, cost)
    if (wait === 0) return
    throw new ServiceError('rate-limited', `too many requests ${this.#subject}`, {
      retryAfter: Math.ceil(wait / 1000),
    })
  }

  /** How many are remembered now. */
  get size(): number {
    return this.#buckets.size
  }

  #remember(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= capacity) return
    const oldest = this.#buckets.keys().next()
    if (!oldest.done) this.#buckets.delete(oldest.value)
  }
}
