import { ServiceError } from '#core/errors.ts'

export interface RateLimit {
  /** Requests a second that an address may make for ever. */
  readonly perSecond: number
  /** Requests it may make at once after a rest. */
  readonly burst: number
}

/**
 * High enough for a load tool with thousands of viewers at one address; low enough that one
 * address alone cannot keep a core busy with handshakes (2 ms each).
 */
const defaultRateLimit: RateLimit = { perSecond: 200, burst: 2000 }

/** Addresses remembered. Beyond it the one unseen for longest is forgotten: it starts afresh. */
const capacity = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * A token bucket per remote address (RFC 9725 §5, SEC-20).
 *
 * Sans-IO; `now` is monotonic ms. An IPv6 customer has a whole /64 to write from, so that is
 * what shares a bucket.
 */
export class RateLimiter {
  readonly #limit: RateLimit
  // In the order of last use: a Map keeps insertion order, and every use inserts anew.
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit = defaultRateLimit) {
    this.#limit = limit
  }

  /** Counts one request. Returns 0 if it may go on, else ms until the next one may. */
  take(address: string, now: number): number {
    const { perSecond, burst } = this.#limit
    const key = networkOf(address)
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) * perSecond) / 1000)
    bucket.filledAt = now
    this.#remember(key, bucket)
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / perSecond
    bucket.tokens -= 1
    return 0
  }

  /** Counts one request. @throws ServiceError `rate-limited` when it is one too many */
  admit(address: string, now: number): void {
    const wait = this.take(address, now)
    if (wait === 0) return
    throw new ServiceError('rate-limited', 'too many requests from this address', {
      retryAfter: Math.ceil(wait / 1000),
    })
  }

  /** Addresses remembered now. */
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

/** The address itself for IPv4, also when mapped into IPv6; the first 64 bits for IPv6. */
export function networkOf(address: string): string {
  const dotted = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  if (dotted) return dotted[1]!
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  if (tail !== undefined) {
    const missing = 8 - groups.length - tail.split(':').length
    groups.push(...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':'))
  }
  // An empty group is what `::1` leaves of its left side.
  return groups
    .slice(0, 4)
    .map((group) => group || '0')
    .join(':')
}
