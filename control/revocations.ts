import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Principal } from './principal.ts'
import type { Revocation, Store } from './store.ts'

/** What is revoked, without when and why. */
export type RevokedThing = Pick<Revocation, 'kind' | 'value' | 'tenant'>

/** Kept at a time: tens of megabytes at most. */
const capacity = 100_000

/** Tokens, keys and subjects that open nothing any more: in memory, and kept by a store. */
export class Revocations {
  readonly #store: Store
  readonly #clock: Clock
  readonly #byKey = new Map<string, Revocation>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    for (const revocation of store.revocations()) this.#byKey.set(keyOf(revocation), revocation)
  }

  get size(): number {
    return this.#byKey.size
  }

  /** @throws ServiceError `full`; Error when it could not be kept, and then it does not hold */
  add(revocation: Revocation): void {
    const key = keyOf(revocation)
    if (!this.#byKey.has(key) && this.#byKey.size >= capacity) this.#forget()
    if (!this.#byKey.has(key) && this.#byKey.size >= capacity) {
      throw new ServiceError('full', `there are ${capacity} revocations: end some, or give "until"`)
    }
    this.#store.putRevocation(revocation)
    this.#byKey.set(key, revocation)
  }

  has(thing: RevokedThing): boolean {
    return this.#byKey.has(keyOf(thing))
  }

  /** @returns whether there was one */
  delete(thing: RevokedThing): boolean {
    if (!this.#byKey.has(keyOf(thing))) return false
    this.#store.deleteRevocation(thing)
    return this.#byKey.delete(keyOf(thing))
  }

  /** @param tenant only this one's */
  list(tenant?: string): Revocation[] {
    const all = [...this.#byKey.values()]
    return tenant === undefined ? all : all.filter((one) => one.tenant === tenant)
  }

  /** Whether somebody's token opens nothing any more. */
  revokes(principal: Principal): boolean {
    return namesOf(principal).some(({ kind, value }) =>
      [undefined, principal.tenant].some((tenant) => {
        const found = this.#byKey.get(keyOf({ kind, value, ...(tenant && { tenant }) }))
        return found !== undefined && covers(found, principal)
      }),
    )
  }

  #forget(): void {
    const now = this.#clock.wall()
    for (const one of this.list()) if ((one.until ?? Infinity) <= now) this.delete(one)
  }
}

// A subject may be let in again by a token that was issued later; one that does not say when it
// was issued might be the old one.
function covers({ kind, at }: Revocation, { issuedAt = 0 }: Principal): boolean {
  return kind !== 'subject' || issuedAt <= at
}

function namesOf({ id, tokenId, keyId, subject }: Principal): RevokedThing[] {
  const names: [RevokedThing['kind'], string | undefined][] = [
    ['key', id],
    ['key', keyId],
    ['token', tokenId],
    ['subject', subject],
  ]
  return names.flatMap(([kind, value]) => (value === undefined ? [] : [{ kind, value }]))
}

function keyOf({ kind, value, tenant }: RevokedThing): string {
  return JSON.stringify([kind, tenant, value])
}
