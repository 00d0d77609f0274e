import { ServiceError } from '#core/errors.ts'

/** Remembered at a time. Past it, tokens that are good once are refused rather than taken twice. */
const capacity = 10_000

/** Tokens that were good once, until they would have expired anyway (SEC-8). */
export class SpentTokens {
  readonly #spent = new Map<string, number>()

  /**
   * @param expiresAt and `now`: ms since the Unix epoch
   * @returns gives it back, for a request that came to nothing
   * @throws ServiceError `token-invalid` the second time, `rate-limited` when too many are kept
   */
  spend(token: string, expiresAt: number, now: number): () => void {
    if ((this.#spent.get(token) ?? 0) > now) {
      throw new ServiceError('token-invalid', 'the token does not count: it was good once')
    }
    if (this.#spent.size >= capacity) this.#forget(now)
    if (this.#spent.size >= capacity) {
      throw new ServiceError('rate-limited', 'too many tokens that are good once: try later')
    }
    this.#spent.set(token, expiresAt)
    return () => void this.#spent.delete(token)
  }

  #forget(now: number): void {
    for (const [token, expiresAt] of this.#spent) if (expiresAt <= now) this.#spent.delete(token)
  }
}
