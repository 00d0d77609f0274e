import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import { isUsable, keysOfJwks, type VerificationKey } from './verification-key.ts'

/** What a token's header says of its key: not proved yet. */
export interface KeyHint {
  readonly algorithm: string
  readonly kid: string | undefined
}

export interface KeyRingOptions {
  /** Keys of the settings. */
  readonly fixed: readonly VerificationKey[]
  /** Gets the issuer's JWK Set; rejects when it cannot be had. */
  readonly fetchJwks?: () => Promise<unknown>
  readonly clock: Clock
  /** Told when the set could not be had or read. */
  readonly failed?: (error: unknown) => void
}

/** Between two questions to the issuer, in ms, whatever tokens come (SEC-15). */
const betweenFetches = 60_000
/** Older than this it is asked for anew while the old one serves, in ms. */
const freshFor = 600_000
/** Older than this it serves no more: keys that the issuer withdrew must end some day, in ms. */
const servesFor = 3_600_000
/** Signatures that one token may cost. */
const mostTries = 4

/** The keys that tokens may be signed with: those of the settings, and an issuer's. */
export class KeyRing {
  readonly #options: KeyRingOptions
  #remote: readonly VerificationKey[] = []
  #fetchedAt = -Infinity
  #askedAt = -Infinity
  #asking: Promise<void> | undefined

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /**
   * Keys that a token of this header may have been signed with: of its `kid` and for its
   * algorithm; without a `kid`, all for its algorithm that have none either, or the only one.
   *
   * @returns rejects with ServiceError `keys-unavailable` while the issuer cannot be asked
   */
  async candidates(hint: KeyHint): Promise<readonly VerificationKey[]> {
    const known = this.#find(hint)
    const age = this.#options.clock.now() - this.#fetchedAt
    if (known.length > 0) {
      if (age > freshFor) void this.refresh()
      return known
    }
    await this.refresh()
    const found = this.#find(hint)
    if (found.length === 0 && this.#options.fetchJwks && !this.#serves) {
      throw new ServiceError('keys-unavailable', 'tokens cannot be checked now: try again')
    }
    return found
  }

  /** Asks the issuer, unless it was asked in the last minute; never rejects. */
  async refresh(): Promise<void> {
    const { clock, fetchJwks } = this.#options
    if (!fetchJwks) return
    if (this.#asking !== undefined) return await this.#asking
    if (clock.now() - this.#askedAt < betweenFetches) return
    this.#askedAt = clock.now()
    this.#asking = this.#fetch(fetchJwks)
    try {
      await this.#asking
    } finally {
      this.#asking = undefined
    }
  }

  async #fetch(fetchJwks: () => Promise<unknown>): Promise<void> {
    const { clock, failed } = this.#options
    try {
      const keys = keysOfJwks(await fetchJwks())?.filter(isUsable)
      if (!keys?.length) throw new Error('this is no JWK Set with keys for signatures')
      this.#remote = keys
      this.#fetchedAt = clock.now()
    } catch (error) {
      failed?.(error)
    }
  }

  #find({ algorithm, kid }: KeyHint): VerificationKey[] {
    const { fixed } = this.#options
    const all = this.#serves ? [...fixed, ...this.#remote] : fixed
    const able = all.filter((key) => key.algorithms.includes(algorithm))
    if (kid === undefined && able.length === 1) return able
    return able.filter((key) => key.kid === kid).slice(0, mostTries)
  }

  get #serves(): boolean {
    return this.#options.clock.now() - this.#fetchedAt < servesFor
  }
}
